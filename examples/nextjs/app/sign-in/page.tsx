"use client";
import { Suspense } from "react";
import { OtherWays } from "@/app/sign-in/other-ways";
import { AuthForm } from "@/components/auth-form";
import { RedirectError } from "@/components/redirect-error";
import { authClient, enter } from "@/lib/auth-client";

export default function SignIn() {
  return (
    <main>
      <h1>Sign in</h1>
      <Suspense>
        <RedirectError />
      </Suspense>
      <AuthForm
        fields={[
          { name: "name", label: "E-mail or user name", autoComplete: "username webauthn" },
          { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
        ]}
        button="Sign in"
        send={({ name, password }) =>
          name.includes("@")
            ? authClient.signIn.email({ email: name, password })
            : authClient.signIn.username({ username: name, password })
        }
        done={enter}
      />
      <a href="/forgot-password">Forgotten your password?</a>
      <OtherWays />
    </main>
  );
}
