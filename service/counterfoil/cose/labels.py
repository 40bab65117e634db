"""Every integer label of COSE, CWT and CBOR that this log reads or writes, by its name in the IANA registries."""

from typing import Final

# CBOR tags: RFC 9052, section 2; RFC 8949, section 3.4.2.
TAG_SIGN1: Final = 18
TAG_EPOCH: Final = 1

# Header parameters: RFC 9052, section 3.1.
ALG: Final = 1
CRIT: Final = 2
CONTENT_TYPE: Final = 3
KID: Final = 4

# CWT claims in a header, claims sets by key confirmation: RFC 9597, section 2; RFC 9528, section 10.
KCWT: Final = 13
KCCS: Final = 14
CWT_CLAIMS: Final = 15

# The type of the whole message: RFC 9596, section 2.
TYP: Final = 16

# X.509 certificates: RFC 9360, section 2.
X5BAG: Final = 32
X5CHAIN: Final = 33
X5T: Final = 34
X5U: Final = 35

# Hash envelopes: RFC 9995, section 3.
PAYLOAD_HASH_ALG: Final = 258
PREIMAGE_CONTENT_TYPE: Final = 259
PAYLOAD_LOCATION: Final = 260

# Receipts and verifiable data structures: RFC 9942, section 2.
RECEIPTS: Final = 394
VDS: Final = 395
VDP: Final = 396

# Evidence of attested hardware in a protected header: this log's own, and Microsoft's.
ATTESTATION: Final = "counterfoil-attestation"
ATTESTED_SERVICE: Final = "attestedsvc"

# Verifiable data structures: RFC 9942, section 4; 2 is the CCF profile of it.
VDS_RFC9162_SHA256: Final = 1
VDS_CCF: Final = 2

# Verifiable data proofs, keys of the map under VDP: RFC 9942, section 4.
INCLUSION: Final = -1
CONSISTENCY: Final = -2

# CWT claims: RFC 8392, section 4; cnf is RFC 8747, section 3.1.
CWT_ISS: Final = 1
CWT_SUB: Final = 2
CWT_AUD: Final = 3
CWT_EXP: Final = 4
CWT_NBF: Final = 5
CWT_IAT: Final = 6
CWT_CTI: Final = 7
CWT_CNF: Final = 8
# A claim of this log's own (RFC 8392, section 4): the size of the tree whose root a receipt signs.
CWT_TREE_SIZE: Final = "tree-size"

# Hash algorithms: RFC 9054, section 3.2.
SHA256: Final = -16
SHA384: Final = -43
SHA512: Final = -44

# COSE_Key common parameters: RFC 9052, section 7.1.
KEY_KTY: Final = 1
KEY_KID: Final = 2
KEY_ALG: Final = 3
KEY_OPS: Final = 4
KEY_OP_VERIFY: Final = 2

# COSE_Key types: RFC 9053, section 7; RSA is RFC 8230, section 4; AKP is RFC 9964.
KTY_OKP: Final = 1
KTY_EC2: Final = 2
KTY_RSA: Final = 3
KTY_AKP: Final = 7

# COSE_Key curves: RFC 9053, section 7.1.
CRV_P256: Final = 1
CRV_P384: Final = 2
CRV_P521: Final = 3
CRV_ED25519: Final = 6

# COSE_Key parameters of EC2 and OKP keys: RFC 9053, sections 7.1.1 and 7.2.
KEY_CRV: Final = -1
KEY_X: Final = -2
KEY_Y: Final = -3
KEY_D: Final = -4

# COSE_Key parameters of RSA keys: RFC 8230, section 4. From -3 on they are private.
KEY_RSA_N: Final = -1
KEY_RSA_E: Final = -2
KEY_RSA_PRIVATE: Final = frozenset(range(-12, -2))

# COSE_Key parameters of AKP keys: RFC 9964.
KEY_AKP_PUB: Final = -1
KEY_AKP_PRIV: Final = -2
