"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient, pageHere } from "@/lib/auth-client";

export default function ForgotPassword() {
  return (
    <main>
      <h1>Forgotten your password?</h1>
      <AuthForm
        fields={[{ name: "email", label: "E-mail", type: "email", autoComplete: "username" }]}
        button="Send me a link"
        send={({ email }) =>
          authClient.requestPasswordReset({ email, redirectTo: pageHere("/reset-password") })
        }
        done={() => "If this address has an account, we have sent it an e-mail."}
      />
    </main>
  );
}
