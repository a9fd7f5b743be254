"use client";
import { useState } from "react";
import { AuthForm } from "@/components/auth-form";
import { BackupCodes } from "@/app/account/second-factor/backup-codes";
import { authClient, loadPage } from "@/lib/auth-client";

const PASSWORD = {
  name: "password",
  type: "password",
  autoComplete: "current-password",
  required: false,
  placeholder: "if you have one",
} as const;

/** Shows that a factor is on, draws new backup codes, and turns the factor off. */
export function RemoveFactor() {
  const [codes, setCodes] = useState<string[]>();
  return (
    <>
      <p>Your account is protected by a second factor.</p>
      {codes && <BackupCodes codes={codes} />}
      <AuthForm
        fields={[{ ...PASSWORD, label: "Password for new backup codes" }]}
        button="Show new codes"
        send={({ password }) => authClient.twoFactor.generateBackupCodes({ password })}
        done={(drawn) => setCodes(drawn?.backupCodes)}
      />
      <AuthForm
        fields={[{ ...PASSWORD, label: "Password to turn it off" }]}
        button="Turn off"
        send={({ password }) => authClient.twoFactor.disable({ password })}
        done={() => loadPage("/account/second-factor")}
      />
    </>
  );
}
