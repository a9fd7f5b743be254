"use client";
import { useState } from "react";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage } from "@/lib/auth-client";

const { twoFactor } = authClient;
const NUMBER = { name: "code", autoComplete: "one-time-code", inputMode: "numeric" } as const;
const enter = () => loadPage("/account");

/** Completes a sign-in with one of the user's factors; a backup code works with all of them. */
export function SecondStep({ methods }: { methods: string[] }) {
  const [trustDevice, setTrustDevice] = useState(false);
  return (
    <>
      <p>
        <label>
          <input
            type="checkbox"
            checked={trustDevice}
            onChange={(event) => setTrustDevice(event.target.checked)}
          />{" "}
          Trust this browser for 30 days
        </label>
      </p>
      {methods.includes("totp") && (
        <AuthForm
          fields={[{ ...NUMBER, label: "Code from your app" }]}
          button="Sign in"
          send={({ code }) => twoFactor.verifyTotp({ code, trustDevice })}
          done={enter}
        />
      )}
      {methods.includes("otp") && (
        <>
          <AuthForm
            fields={[]}
            button="Send me a code"
            send={() => twoFactor.sendOtp()}
            done={() => "We have sent you a code by e-mail."}
          />
          <AuthForm
            fields={[{ ...NUMBER, label: "Code from the e-mail" }]}
            button="Sign in with it"
            send={({ code }) => twoFactor.verifyOtp({ code, trustDevice })}
            done={enter}
          />
        </>
      )}
      <AuthForm
        fields={[{ name: "code", label: "Backup code", autoComplete: "off" }]}
        button="Use a backup code"
        send={({ code }) => twoFactor.verifyBackupCode({ code, trustDevice })}
        done={enter}
      />
    </>
  );
}
