import { useEffect, useState } from "react";

type Way = "passkey" | "magicLink" | "emailOtp" | "anonymous" | "multiSession";
type Methods = Partial<Record<Way, { enabled: boolean }>> & {
  socialProviders?: { id: string; name: string }[];
};

/** The ways in that the server offers; none until it has responded. */
export function useSignInMethods() {
  const [methods, setMethods] = useState<Methods>({});
  useEffect(() => {
    const ask = async () => (await fetch("/api/sign-in-methods")).json();
    ask().then(setMethods, () => {}); // without an answer a page shows what is always there
  }, []);
  return methods;
}
