"use client";
import { AuthForm } from "@/components/auth-form";
import { authClient } from "@/lib/auth-client";
import { useSignInMethods } from "@/lib/sign-in-methods";

/** The user's passkeys, each with a button that deletes it, and a form for another one. */
export function Passkeys() {
  const { data } = authClient.useListPasskeys();
  if (!useSignInMethods().passkey?.enabled) return null;
  return (
    <section>
      <h2>Passkeys</h2>
      <ul>
        {data?.map(({ id, name }) => (
          <li key={id}>
            {name || "Passkey"}{" "}
            <button onClick={() => authClient.passkey.deletePasskey({ id })}>Delete</button>
          </li>
        ))}
      </ul>
      <AuthForm
        fields={[{ name: "name", label: "Name of the passkey", autoComplete: "off" }]}
        button="Add a passkey"
        send={({ name }) => authClient.passkey.addPasskey({ name })}
        done={() => "You can sign in with it from now on."}
      />
    </section>
  );
}
