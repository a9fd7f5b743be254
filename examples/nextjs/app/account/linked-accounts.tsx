"use client";
import { useEffect, useState } from "react";
import { AuthForm } from "@/components/auth-form";
import { authClient, loadPage, pageHere } from "@/lib/auth-client";
import { useSignInMethods } from "@/lib/sign-in-methods";

type LinkedAccount = { id: string; providerId: string };

/** For each provider a button that links an account there, or unlinks the one that is linked. */
export function LinkedAccounts() {
  const providers = useSignInMethods().socialProviders;
  const [accounts, setAccounts] = useState<LinkedAccount[]>();
  useEffect(() => {
    const list = async () => setAccounts((await authClient.listAccounts()).data ?? undefined);
    list();
  }, []);
  if (!providers?.length || !accounts) return null;
  return (
    <section>
      <h2>Linked accounts</h2>
      {providers.map(({ id, name }) => {
        const account = accounts.find(({ providerId }) => providerId === id);
        return account ? (
          <AuthForm
            key={id}
            fields={[]}
            button={`Unlink ${name}`}
            send={() => authClient.unlinkAccount({ accountId: account.id })}
            done={() => loadPage("/account")}
          />
        ) : (
          <AuthForm
            key={id}
            fields={[]}
            button={`Link ${name}`}
            send={() =>
              authClient.linkSocial({
                provider: id,
                callbackURL: pageHere("/account"),
                errorCallbackURL: pageHere("/account"),
              })
            }
            done={() => {}}
          />
        );
      })}
    </section>
  );
}
