"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage } from "@/lib/auth-client";

export default function SignIn() {
  return (
    <main>
      <h1>Sign in</h1>
      <AuthForm
        fields={[
          { name: "name", label: "E-mail or user name", autoComplete: "username" },
          { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
        ]}
        button="Sign in"
        send={({ name, password }) =>
          name.includes("@")
            ? authClient.signIn.email({ email: name, password })
            : authClient.signIn.username({ username: name, password })
        }
        done={(answer) => {
          // Otherwise the client has loaded the page for the second step.
          if (answer && !("twoFactorRedirect" in answer)) loadPage("/account");
        }}
      />
      <a href="/forgot-password">Forgotten your password?</a>
    </main>
  );
}
