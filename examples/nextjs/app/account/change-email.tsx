"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient, pageHere } from "@/lib/auth-client";

export function ChangeEmail() {
  return (
    <AuthForm
      fields={[{ name: "newEmail", label: "New e-mail", type: "email", autoComplete: "email" }]}
      button="Change e-mail"
      send={({ newEmail }) =>
        authClient.changeEmail({ newEmail, callbackURL: pageHere("/verified") })
      }
      done={() => "Please open the link we sent you by e-mail. Until then nothing changes."}
    />
  );
}
