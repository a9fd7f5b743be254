"use client";
import { useEffect } from "react";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage } from "@/lib/auth-client";

export function NewPassword({ token }: { token: string }) {
  // Remove the token from the address bar and the history: until used, it is as good as a password.
  useEffect(() => window.history.replaceState(null, "", "/reset-password"), []);
  return (
    <AuthForm
      fields={[
        { name: "newPassword", label: "New password", type: "password", autoComplete: "new-password" },
      ]}
      button="Set password"
      send={({ newPassword }) => authClient.resetPassword({ newPassword, token })}
      done={() => loadPage("/sign-in")}
    />
  );
}
