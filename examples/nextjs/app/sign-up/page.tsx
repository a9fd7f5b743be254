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
          { name: "username", label: "User name (optional)", required: false, autoComplete: "off" },
          { name: "password", label: "Password", type: "password", autoComplete: "new-password" },
        ]}
        button="Sign up"
        send={({ username, ...person }) =>
          authClient.signUp.email({
            name: person.name,
            email: person.email,
            password: person.password,
            username: username || undefined,
            callbackURL: pageHere("/verified"),
          })
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
