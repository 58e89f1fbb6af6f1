"""Opens the vectors of sealed text with the package cryptography, whose HPKE and X25519 are not those of Klatch.

Argument: spec/vectors/posts/sealed.json. Prints one line for each case: its name and what it comes to, as JSON.
"""

import hashlib
import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
P = 2**255 - 19
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def id_bytes(text):
    bits = "".join(f"{LETTERS.index(letter):05b}" for letter in text.split("1", 1)[1][:-6])
    return bytes(int(bits[at : at + 8], 2) for at in range(0, 256, 8))


def text(value):
    return bytes([0x60 + len(value)]) + value.encode()


def opened(case):
    seed = bytes.fromhex(case["seed"])
    feed = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    mine = [bytes.fromhex(key["key"]) for key in case["keys"] if bytes.fromhex(key["reader"]) == feed[:8]]
    if not mine:
        return "not a reader", None
    reader = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
    # The public half, from the feed alone, as who seals has it.
    y = int.from_bytes(feed, "little") & (2**255 - 1)
    u = (1 + y) * pow(1 - y, -1, P) % P
    assert reader.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) == u.to_bytes(32, "little")
    net = hashlib.sha256(NET_DOMAIN + case["network"].encode()).digest()
    item = lambda value: b"\x58\x20" + id_bytes(value)
    occ = b"\xf6" if case["occ"] is None else text(case["occ"])
    said = b"\x84" + item(case["event"]) + occ + item(case["author"]) + text(case["purpose"])
    info = b"klatch/sealed/1\0" + net + said
    try:
        key = SUITE.decrypt(mine[0], reader, info)
        plain = ChaCha20Poly1305(key).decrypt(bytes(12), bytes.fromhex(case["box"]), info)
    except InvalidTag:
        return "does not open", None
    assert plain[:32] == bytes(32) and len(plain) in (256, 512, 1024, 2048)
    return "ok", plain[32:].rstrip(b"\0").decode()


NET_DOMAIN = b"klatch/net/1\0"
for case in json.load(open(sys.argv[1]))["cases"]:
    print(json.dumps([case["what"], *opened(case)]))
