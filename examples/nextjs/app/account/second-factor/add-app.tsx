"use client";
import { QRCodeSVG } from "qrcode.react";
import { useState } from "react";
import { AuthForm } from "@/components/auth-form";
import { BackupCodes } from "@/app/account/second-factor/backup-codes";
import { authClient, loadPage } from "@/lib/auth-client";

/** Sets up an authenticator app, which counts once its first code was right. */
export function AddApp() {
  const [app, setApp] = useState<{ totpURI: string; backupCodes: string[] }>();
  if (!app) {
    return (
      <AuthForm
        key="password"
        fields={[
          {
            name: "password",
            label: "Password",
            type: "password",
            autoComplete: "current-password",
            required: false, // whoever signs in with a provider has none
            placeholder: "if you have one",
          },
        ]}
        button="Add an authenticator app"
        send={({ password }) => authClient.twoFactor.enable({ password })}
        done={(enrolment) => {
          if (enrolment && "totpURI" in enrolment) setApp(enrolment);
        }}
      />
    );
  }
  return (
    <>
      <p>Scan this with the app on your phone, or type the key into it:</p>
      <QRCodeSVG value={app.totpURI} size={200} marginSize={4} title="For your authenticator app" />
      <code>{new URL(app.totpURI).searchParams.get("secret")}</code>
      <BackupCodes codes={app.backupCodes} />
      <AuthForm
        key="code"
        fields={[{ name: "code", label: "Code from your app", autoComplete: "one-time-code" }]}
        button="Turn on"
        send={({ code }) => authClient.twoFactor.verifyTotp({ code })}
        done={() => loadPage("/account/second-factor")}
      />
    </>
  );
}
