"use client";
import { useEffect, useState } from "react";
import { AuthForm } from "@/components/auth-form";
import { authClient, enter, pageHere } from "@/lib/auth-client";
import { useSignInMethods } from "@/lib/sign-in-methods";

const EMAIL = { name: "email", type: "email", autoComplete: "email" };

/** Signing in without a password, in the ways that the server offers. */
export function OtherWays() {
  const { passkey, magicLink, emailOtp, anonymous, socialProviders } = useSignInMethods();
  return (
    <>
      {socialProviders?.map((provider) => (
        <SocialProvider key={provider.id} {...provider} />
      ))}
      {passkey?.enabled && <Passkey />}
      {magicLink?.enabled && (
        <AuthForm
          fields={[{ ...EMAIL, label: "E-mail for a link" }]}
          button="Send me a link"
          send={({ email }) =>
            authClient.signIn.magicLink({
              email,
              callbackURL: pageHere("/account"),
              errorCallbackURL: pageHere("/sign-in"),
            })
          }
          done={() => "Please open the link we sent you by e-mail, in this browser."}
        />
      )}
      {emailOtp?.enabled && <MailedCode />}
      {anonymous?.enabled && (
        <AuthForm
          fields={[]}
          button="Try without an account"
          send={() => authClient.signIn.anonymous()}
          done={enter}
        />
      )}
    </>
  );
}

/** Sends the browser to the provider, which sends it back to one of these pages. */
function SocialProvider({ id, name }: { id: string; name: string }) {
  return (
    <AuthForm
      fields={[]}
      button={`Sign in with ${name}`}
      send={() =>
        authClient.signIn.social({
          provider: id,
          callbackURL: pageHere("/account"),
          newUserCallbackURL: pageHere("/"),
          errorCallbackURL: pageHere("/sign-in"),
        })
      }
      done={() => {}}
    />
  );
}

function Passkey() {
  useEffect(() => {
    // In the list that the browser opens at the field with the autocomplete "webauthn".
    const offer = async () => {
      if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
      enter((await authClient.signIn.passkey({ autoFill: true })).data);
    };
    offer();
  }, []);
  return (
    <AuthForm
      fields={[]}
      button="Sign in with a passkey"
      send={() => authClient.signIn.passkey()}
      done={enter}
    />
  );
}

function MailedCode() {
  const [email, setEmail] = useState("");
  if (!email) {
    return (
      <AuthForm
        fields={[{ ...EMAIL, label: "E-mail for a code" }]}
        button="Send me a code"
        send={async (typed) => {
          const answer = await authClient.emailOtp.sendVerificationOtp({
            email: typed.email,
            type: "sign-in",
          });
          if (answer.data) setEmail(typed.email);
          return answer;
        }}
        done={() => {}}
      />
    );
  }
  return (
    <AuthForm
      fields={[
        {
          name: "otp",
          label: "Code from the e-mail",
          inputMode: "numeric",
          autoComplete: "one-time-code",
        },
      ]}
      button="Sign in with the code"
      send={({ otp }) => authClient.signIn.emailOtp({ email, otp })}
      done={enter}
    />
  );
}
