"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage } from "@/lib/auth-client";

export default function SignIn() {
  return (
    <main>
      <h1>Sign in</h1>
      <AuthForm
        fields={[
          { name: "email", label: "E-mail", type: "email", autoComplete: "username" },
          { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
        ]}
        button="Sign in"
        send={({ email, password }) => authClient.signIn.email({ email, password })}
        done={() => loadPage("/account")}
      />
      <a href="/forgot-password">Forgotten your password?</a>
    </main>
  );
}
