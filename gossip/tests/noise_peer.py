"""Makes the handshake transcript of spec/gossip.md anew with another Noise implementation, and compares.

Needs the package noiseprotocol (which brings cryptography). Takes the path of handshake.json; uses its private keys,
network name and key, and the texts said; every other value in it is derived here, both sides from this
code alone. Ends 0 and says how many values agree, or 1 and which do not.
"""

import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from noise.connection import Keypair, NoiseConnection

REKEY_FRAMES = 1 << 16


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Side:
    """One end: its keys, and the Noise state that this library keeps for it."""

    def __init__(self, keys, letter, network, protocol):
        net_id, network_key = network
        self.net_id, self.letter = net_id, letter
        self.feed_key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(keys["feed_seed"]))
        self.feed = self.feed_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.noise = NoiseConnection.from_name(protocol.encode())
        self.noise.set_psks(network_key)
        self.noise.set_prologue(b"klatch/1\0" + net_id)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes.fromhex(keys["static_private"]))
        self.noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, bytes.fromhex(keys["ephemeral_private"]))
        self.static = self.noise.noise_protocol.keypairs["s"].public_bytes
        self.noise.set_as_initiator() if letter == b"I" else self.noise.set_as_responder()
        self.noise.start_handshake()

    def proof(self):
        """Feed key and its signature over the handshake so far."""
        so_far = self.noise.noise_protocol.handshake_state.symmetric_state.get_handshake_hash()
        signed = b"klatch/hs/1\0" + self.letter + self.net_id + self.static + so_far
        return self.feed + self.feed_key.sign(signed)

    def frame(self, plaintext):
        sealed = self.noise.encrypt(plaintext)
        return struct.pack(">H", len(sealed)) + sealed


def message(text):
    return struct.pack(">I", len(text)) + text


def main(path):
    vector = json.load(open(path, encoding="utf-8"))
    net_id = sha256(b"klatch/net/1\0", vector["network_name"].encode())
    network_key = bytes.fromhex(vector["network_key"])
    ana = Side(vector["initiator"], b"I", (net_id, network_key), vector["protocol"])
    ben = Side(vector["responder"], b"R", (net_id, network_key), vector["protocol"])

    noise_1 = bytes(ana.noise.write_message())
    mac_key = sha256(b"klatch/mac1\0", network_key, ben.feed)
    first = noise_1 + hmac.new(mac_key, noise_1, hashlib.sha256).digest()[:16]
    assert ben.noise.read_message(noise_1) == b""
    proof = ben.proof()
    second = bytes(ben.noise.write_message(proof))
    assert ana.noise.read_message(second) == proof
    proof = ana.proof()
    third = bytes(ana.noise.write_message(proof))
    assert ben.noise.read_message(third) == proof

    said = [bytes.fromhex(vector[side + "_says"]) for side in ("initiator", "responder")]
    frames = [side.frame(message(text)) for side, text in zip((ana, ben), said)]
    after_rekey = bytes.fromhex(vector["initiator_says_after_rekey"])
    ana.noise.noise_protocol.cipher_state_encrypt.set_nonce(REKEY_FRAMES)
    ana.noise.rekey_outbound_cipher()

    derived = {
        "net_id": net_id,
        "initiator.feed": ana.feed,
        "initiator.static_public": ana.static,
        "responder.feed": ben.feed,
        "responder.static_public": ben.static,
        "message_1": first,
        "message_2": second,
        "message_3": third,
        "handshake_hash": ana.noise.get_handshake_hash(),
        "initiator_frame": frames[0],
        "responder_frame": frames[1],
        "initiator_frame_65537": ana.frame(message(after_rekey)),
    }
    assert ana.noise.get_handshake_hash() == ben.noise.get_handshake_hash()
    wrong = 0
    for name, value in derived.items():
        given = vector
        for part in name.split("."):
            given = given[part]
        if given != value.hex():
            wrong += 1
            print(f"{name}: the transcript has {given}, here it is {value.hex()}")
    print(f"{len(derived) - wrong} values agree, {wrong} do not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
