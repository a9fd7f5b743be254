/** Backup codes, which the server shows only now, with a link that saves them. */
export function BackupCodes({ codes }: { codes: string[] }) {
  const text = codes.join("\n");
  return (
    <section>
      <p>
        Keep these backup codes. Each signs you in once if you lose your phone.{" "}
        <a href={`data:text/plain,${encodeURIComponent(text)}`} download="backup-codes.txt">
          Download
        </a>
      </p>
      <pre>{text}</pre>
    </section>
  );
}
