"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage, pageHere } from "@/lib/auth-client";

export default function SignUp() {
  return (
    <main>
      <h1>Sign up</h1>
      <AuthForm
        fields={[
          { name: "name", label: "Name", autoComplete: "name" },
          { name: "email", label: "E-mail", type: "email", autoComplete: "username" },
          { name: "password", label: "Password", type: "password", autoComplete: "new-password" },
        ]}
        button="Sign up"
        send={({ name, email, password }) =>
          authClient.signUp.email({ name, email, password, callbackURL: pageHere("/verified") })
        }
        done={(signedUp) =>
          signedUp?.token
            ? loadPage("/account")
            : "Please open the link we sent you by e-mail, then sign in."
        }
      />
    </main>
  );
}
