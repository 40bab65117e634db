// Asks @transmute/cose about receipts, and has it sign statements. Usage: node transmute_verify.mjs PROJECT < cases.json
// A case has a name, a kind, a public or private JWK, and bytes in hexadecimal; each gets one answer by its name.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const cose = createRequire(join(process.argv[2], "package.json"))("@transmute/cose");

const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (buffer) => Buffer.from(buffer).toString("hex");

const verifierOf = ({ jwk }) => cose.detached.verifier({ resolver: { resolve: async () => jwk } });

const kinds = {
  // Resolves to the root that the signature covers.
  inclusion: async (one) =>
    hex(
      await cose.receipt.inclusion.verify({
        entry: bytes(one.leaf),
        receipt: bytes(one.receipt),
        verifier: verifierOf(one),
      }),
    ),
  // Resolves to true or false; a bad signature rejects.
  consistency: async (one) =>
    cose.receipt.consistency.verify({
      oldRoot: bytes(one.oldRoot),
      newRoot: bytes(one.newRoot),
      receipt: bytes(one.receipt),
      verifier: verifierOf(one),
    }),
  leaf: async (one) => hex(await cose.receipt.leaf(bytes(one.entry))),
  // Resolves to a signed statement; header 15 is a map of claims.
  statement: async (one) =>
    hex(
      await cose.attached
        .signer({ remote: cose.crypto.signer({ privateKeyJwk: one.jwk }) })
        .sign({
          protectedHeader: cose.ProtectedHeader([
            [cose.Protected.Alg, cose.Signature.ES256],
            [cose.Protected.ContentType, one.contentType],
            [cose.Protected.Kid, cose.cbor.toArrayBuffer(bytes(one.kid))],
            [cose.Protected.CWTClaims, new Map([[1, one.issuer], [2, one.subject], [6, one.issuedAt]])],
          ]),
          unprotectedHeader: cose.UnprotectedHeader([]),
          payload: bytes(one.payload),
        }),
    ),
  // Adds receipts, reads them back, and takes them off again.
  transparent: async (one) => {
    let statement = bytes(one.statement);
    for (const receipt of one.receipts) {
      statement = await cose.receipt.add(statement, cose.cbor.toArrayBuffer(bytes(receipt)));
    }
    const receipts = await cose.receipt.get(statement);
    return {
      transparent: hex(statement),
      receipts: receipts.map(hex),
      removed: hex(await cose.receipt.remove(statement)),
    };
  },
};

const headerOf = (one) =>
  cose.ProtectedHeader([
    [cose.Protected.Alg, cose.Signature.ES256],
    [cose.Protected.VerifiableDataStructure, cose.VerifiableDataStructures["RFC9162-Binary-Merkle-Tree"]],
    [cose.Protected.Kid, cose.cbor.toArrayBuffer(bytes(one.kid))],
  ]);

// A receipt of its own for a leaf of a tree over the first leaves, and one that this tree became the tree over all.
kinds.issued = async (one) => {
  const signer = cose.detached.signer({ remote: cose.crypto.signer({ privateKeyJwk: one.jwk }) });
  const all = one.leaves.map(bytes);
  const entries = all.slice(0, one.size);
  const inclusion = await cose.receipt.inclusion.issue({ protectedHeader: headerOf(one), entry: one.index, entries, signer });
  const grown = await cose.receipt.consistency.issue({
    protectedHeader: headerOf(one),
    receipt: inclusion,
    entries: all,
    signer,
  });
  return { inclusion: hex(inclusion), consistency: hex(grown.receipt), root: hex(grown.root) };
};

const answer = async (one) => {
  try {
    return { value: await kinds[one.kind](one) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};

const answers = {};
for (const one of JSON.parse(readFileSync(0, "utf8"))) answers[one.name] = await answer(one);
process.stdout.write(JSON.stringify(answers));
