"""A 3DS SDK in another language, written from the specification alone, against a running sandbox.

Started by tests/sdk.rs, which gives the addresses in the environment. The primitives are those of
`cryptography`, the objects those of `jwcrypto`; nothing here knows how the sandbox is made.
Source: EMV 3-D Secure as in emv-3ds.md 1.4, 4.2, 5.1-5.3; RFC 7515, 7516, 7518.
"""

import base64
import json
import os
import struct
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import json_encode

BASE = os.environ['SANDBOX_BASE_URL']
REFERENCE = '3DS_LOA_SDK_SANDBOX_020301_00007'
CBC, GCM = 'A128CBC-HS256', 'A128GCM'


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def http(method, url, body=None, headers=None):
    """Status, content type and text of an answer; any status is an answer."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get('Content-Type', ''), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get('Content-Type', ''), refused.read().decode()


def token():
    form = urllib.parse.urlencode({
        'grant_type': 'client_credentials', 'client_id': os.environ['SANDBOX_CLIENT_ID'],
        'client_secret': os.environ['SANDBOX_CLIENT_SECRET'], 'scope': 'sessions:app'})
    status, _, text = http('POST', os.environ['SANDBOX_TOKEN_URL'], form,
                           {'Content-Type': 'application/x-www-form-urlencoded'})
    assert status == 200, text
    return json.loads(text)['access_token']


def api(method, path, body=None, **headers):
    headers = {'Authorization': 'Bearer ' + token(), 'Content-Type': 'application/json', **headers}
    status, _, text = http(method, BASE + path, None if body is None else json.dumps(body), headers)
    assert status in (200, 201, 202), (status, text)
    return json.loads(text)


def control(method, path, body=None):
    headers = {'Authorization': 'Bearer ' + os.environ['SANDBOX_CONTROL_TOKEN'], 'Content-Type': 'application/json'}
    status, _, text = http(method, BASE + '/_sandbox' + path, None if body is None else json.dumps(body), headers)
    assert status == 200, (status, text)
    return json.loads(text)


def arm(version='2.2.0', pages='"otp"', more=''):
    """The next session gets this issuer."""
    control('PUT', '/arm', {'file': (
        'id = "PYTHON"\nname = "an SDK in Python"\n[issuer]\nversion = "%s"\nares = { transStatus = "C" }\n'
        '[issuer.challenge]\npages = [%s]\nstrict = true\n%s\n[expect]\nstatus = "approved"\n' % (version, pages, more))})


class Refused(Exception):
    """The SDK does not take what it was given."""


class ProtocolError(Exception):
    """The other side sent an Erro."""

    def __init__(self, erro):
        super().__init__(erro['errorCode'] + ' ' + erro['errorDetail'])
        self.erro = erro


class Sdk:
    """One transaction of a 3DS SDK."""

    def __init__(self, enc):
        self.enc = enc
        self.app_id, self.transaction = str(uuid.uuid4()), str(uuid.uuid4())
        self.own = ec.generate_private_key(ec.SECP256R1())
        self.sent = self.received = 0

    def public_jwk(self):
        key = jwk.JWK.from_pyca(self.own.public_key()).export_public(as_dict=True)
        return {name: key[name] for name in ('kty', 'crv', 'x', 'y')}

    def device_data(self, ds_public):
        """Sealed for the directory server with its key, which the session shows."""
        ds = json.loads(unb64(ds_public))
        protected = {'alg': 'RSA-OAEP-256' if ds['kty'] == 'RSA' else 'ECDH-ES', 'enc': self.enc}
        if 'kid' in ds:
            protected['kid'] = ds['kid']
        data = {'DV': '1.6', 'DD': {'C001': 'Android', 'C018': self.transaction}, 'DPNA': {'C010': 'RE01'}, 'SW': ['SW03']}
        sealed = jwe.JWE(json.dumps(data), json_encode(protected), recipient=jwk.JWK(**ds))
        return sealed.serialize(compact=True), data

    def channel_data(self, encrypted):
        return {'channel': 'app', 'sdk_app_id': self.app_id, 'sdk_max_timeout': 5,
                'sdk_encrypted_data': encrypted, 'sdk_ephem_pub_key': self.public_jwk(),
                'sdk_reference_number': REFERENCE, 'sdk_transaction_id': self.transaction,
                'sdk_interface_type': 'both',
                'sdk_ui_elements': ['text', 'single_select', 'multi_select', 'oob', 'html_other']}

    def authenticate(self):
        """A session with this app's data, up to the ARes."""
        session = api('POST', '/sessions', {
            'source': {'type': 'card', 'number': '4242424242424242', 'expiry_month': 6, 'expiry_year': 2030},
            'amount': 6540, 'currency': 'USD', 'completion': {'type': 'non_hosted'}})
        path = '/sessions/' + session['id']
        shown = api('GET', path, channel='app')
        self.roots = shown['certificates']['ca_public_all']
        encrypted, self.data = self.device_data(shown['certificates']['ds_public'])
        self.session = api('PUT', path + '/collect-data', self.channel_data(encrypted))
        self.version = self.session['protocol_version']
        return self.session

    def agree(self):
        """Checks what the issuer signed, and derives the key."""
        content = self.session['acs']['signed_content']
        if len(content) > 16000:
            raise Refused('too long')
        header = json.loads(unb64(content.split('.')[0]))
        if header['alg'] not in ('ES256', 'PS256'):
            raise Refused('alg')
        chain = [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in header['x5c']]
        roots = [x509.load_der_x509_certificate(unb64(one)) for one in self.roots]
        if not any(self.leads(chain, root) for root in roots):
            raise Refused('chain')
        pem = chain[0].public_key().public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo)
        signed = jws.JWS()
        signed.deserialize(content)
        try:
            signed.verify(jwk.JWK.from_pem(pem), header['alg'])
        except jws.InvalidJWSSignature as wrong:
            raise Refused('signature') from wrong
        said = json.loads(signed.payload)
        if {name: said['sdkEphemPubKey'][name] for name in ('kty', 'crv', 'x', 'y')} != self.public_jwk():
            raise Refused('sdkEphemPubKey')
        self.url = said['acsURL']
        theirs = jwk.JWK(**said['acsEphemPubKey']).get_op_key('verify')
        self.key = self.derive(theirs)

    @staticmethod
    def leads(chain, root):
        try:
            for one, issuer in zip(chain, chain[1:] + [root]):
                if one == root:
                    break
                one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def derive(self, theirs):
        """Concat KDF: no AlgorithmID, no PartyU, PartyV the reference number, 256 bits."""
        shared = self.own.exchange(ec.ECDH(), theirs)
        reference = REFERENCE.encode()
        info = struct.pack('>III', 0, 0, len(reference)) + reference + struct.pack('>I', 256)
        return ConcatKDFHash(hashes.SHA256(), 32, info).derive(shared)

    def seal(self, creq, key=None, kid=None):
        key = key or self.key
        header = {'alg': 'dir', 'kid': kid or self.session['acs']['transaction_id'], 'enc': self.enc}
        plain = json.dumps(creq).encode()
        if self.enc == CBC:
            recipient = jwk.JWK(kty='oct', k=b64(key))
            return jwe.JWE(plain, json_encode(header), recipient=recipient).serialize(compact=True)
        # The vector is not random here, so the object is put together by hand.
        head = b64(json_encode(header).encode())
        vector = bytes(11) + bytes([int(creq['sdkCounterStoA'])])
        sealed = AESGCM(key[:16]).encrypt(vector, plain, head.encode())
        return '.'.join([head, '', b64(vector), b64(sealed[:-16]), b64(sealed[-16:])])

    def open(self, text):
        key = self.key if self.enc == CBC else self.key[16:]
        sealed = jwe.JWE()
        sealed.deserialize(text, jwk.JWK(kty='oct', k=b64(key)))
        header = json.loads(unb64(text.split('.')[0]))
        if header != {'alg': 'dir', 'kid': self.session['acs']['transaction_id'], 'enc': self.enc}:
            raise Refused('header %s' % header)
        if self.enc == GCM and unb64(text.split('.')[2]) != b'\xff' * 11 + bytes([self.received]):
            raise Refused('vector')
        return json.loads(sealed.payload)

    def creq(self, **more):
        creq = {'messageType': 'CReq', 'messageVersion': self.version,
                'threeDSServerTransID': self.session['transaction_id'],
                'acsTransID': self.session['acs']['transaction_id'], 'sdkTransID': self.transaction,
                'sdkCounterStoA': '%03d' % self.sent}
        creq.update(more)
        return creq

    def post(self, text):
        """The CRes behind a sealed text."""
        status, kind, answer = http('POST', self.url, text, {'Content-Type': 'application/jose; charset=UTF-8'})
        if not kind.startswith('application/jose'):
            erro = json.loads(answer)
            assert status == 200 and erro['messageType'] == 'Erro', (status, answer)
            raise ProtocolError(erro)
        self.sent += 1
        cres = self.open(answer)
        ids = {'threeDSServerTransID': self.session['transaction_id'], 'sdkTransID': self.transaction,
               'acsTransID': self.session['acs']['transaction_id'], 'messageVersion': self.version,
               'messageType': 'CRes', 'acsCounterAtoS': '%03d' % self.received}
        wrong = {name: cres.get(name) for name, due in ids.items() if cres.get(name) != due}
        if wrong:
            raise Refused('CRes %s' % wrong)
        self.received += 1
        return cres

    def ask(self, **more):
        return self.post(self.seal(self.creq(**more)))

    def code(self):
        """The newest code on the shopper's phone."""
        return control('GET', '/sessions/%s/phone' % self.session['id'])['messages'][-1]['code']

    def now(self):
        return api('GET', '/sessions/' + self.session['id'])


def started(enc, **issuer):
    arm(**issuer)
    sdk = Sdk(enc)
    sdk.authenticate()
    sdk.agree()
    return sdk


class Challenge(unittest.TestCase):
    def test_a_code_passes_with_both_seals_in_each_version(self):
        for enc in (CBC, GCM):
            for version in ('2.1.0', '2.2.0', '2.3.1'):
                with self.subTest(enc=enc, version=version):
                    sdk = started(enc, version=version, pages='"single_select", "otp"')
                    self.assertEqual(sdk.session['status'], 'challenged')
                    cres = sdk.ask()
                    self.assertEqual((cres['acsUiType'], cres['challengeCompletionInd']), ('02', 'N'))
                    first = next(iter(cres['challengeSelectInfo'][0]))
                    cres = sdk.ask(challengeDataEntry=first)
                    self.assertEqual(cres['acsUiType'], '01')
                    cres = sdk.ask(challengeDataEntry='000000')
                    self.assertEqual((cres['acsUiType'], cres['challengeInfoTextIndicator']), ('01', 'Y'))
                    cres = sdk.ask(challengeDataEntry=sdk.code())
                    self.assertEqual((cres['challengeCompletionInd'], cres['transStatus']), ('Y', 'Y'))
                    now = sdk.now()
                    self.assertEqual((now['status'], now['eci']), ('approved', '05'))
                    self.assertEqual(now['3ds']['interaction_counter'], '03')

    def test_the_directory_server_reads_the_device_data(self):
        for kind in ('ec', 'rsa'):
            control('PUT', '/settings', {'ds_key': kind})
            self.addCleanup(control, 'PUT', '/settings', {'ds_key': 'ec'})
            for enc in (CBC, GCM):
                for version in ('2.2.0', '2.3.1'):
                    with self.subTest(kind=kind, enc=enc, version=version):
                        arm(version=version, more='[issuer.app]\nstrict_device_data = true')
                        sdk = Sdk(enc)
                        self.assertEqual(sdk.authenticate()['status'], 'challenged')
                        shown = control('GET', '/sessions')['sessions'][0]
                        self.assertEqual((shown['id'], shown['device_info']), (sdk.session['id'], sdk.data))

    def over(self, sdk, text, code):
        with self.assertRaises(ProtocolError) as refused:
            sdk.post(text)
        self.assertEqual(refused.exception.erro['errorCode'], code)
        now = sdk.now()
        self.assertEqual((now['status'], now['status_reason'], now['response_code']), ('unavailable', 'rreq_status', 'N'))
        self.assertEqual(now['acs']['challenge_cancel_reason'], 'transaction_error')

    def test_a_wrong_counter_a_wrong_tag_and_a_foreign_key_end_it(self):
        for enc in (CBC, GCM):
            with self.subTest(enc=enc):
                for counter in (0, 2):  # sent before, and one left out
                    sdk = started(enc)
                    sdk.ask()
                    sdk.sent = counter
                    self.over(sdk, sdk.seal(sdk.creq(challengeDataEntry='1')), '302')
                sdk = started(enc)
                first = sdk.seal(sdk.creq())
                sdk.post(first)
                self.over(sdk, first, '302')  # a replay
                sdk = started(enc)
                head, key, vector, sealed, tag = sdk.seal(sdk.creq()).split('.')
                tag = b64(bytes([unb64(tag)[0] ^ 1]) + unb64(tag)[1:])
                self.over(sdk, '.'.join([head, key, vector, sealed, tag]), '302')
                sdk = started(enc)
                stranger = Sdk(enc).derive(ec.generate_private_key(ec.SECP256R1()).public_key())
                self.over(sdk, sdk.seal(sdk.creq(), key=stranger), '302')
                sdk = started(enc)
                self.over(sdk, sdk.seal(sdk.creq(), kid=str(uuid.uuid4())), '302')

    def test_it_refuses_a_foreign_root_a_wrong_signature_and_another_key(self):
        for rule, why in (('signature = "foreign_root"', 'chain'), ('signature = "bad"', 'signature'),
                          ('signed_key = "other"', 'sdkEphemPubKey')):
            with self.subTest(rule=rule):
                arm(more='[issuer.app]\n' + rule)
                sdk = Sdk(CBC)
                sdk.authenticate()
                with self.assertRaisesRegex(Refused, '^%s$' % why):
                    sdk.agree()
                self.assertEqual(sdk.now()['status'], 'challenged')

    def test_it_refuses_a_cres_with_a_wrong_counter_or_checksum(self):
        fault = '[[faults]]\nhop = "cres"\nkind = "%s"\n%s'
        for kind, more in (('set_field', 'field = "acsCounterAtoS"\nvalue = "005"'), ('wrong_id', '')):
            with self.subTest(kind=kind):
                sdk = started(GCM, more=fault % (kind, more))
                with self.assertRaisesRegex(Refused, '^CRes'):
                    sdk.ask()
        sdk = started(CBC, more=fault % ('bad_signature', ''))
        with self.assertRaises(jwe.InvalidJWEData):
            sdk.ask()
        erro = {'messageType': 'Erro', 'messageVersion': sdk.version, 'errorCode': '302', 'errorComponent': 'C',
                'errorDescription': 'decryption failed', 'errorDetail': 'CRes', 'errorMessageType': 'CRes',
                'acsTransID': sdk.session['acs']['transaction_id'], 'sdkTransID': sdk.transaction,
                'threeDSServerTransID': sdk.session['transaction_id']}
        status, _, text = http('POST', sdk.url, json.dumps(erro), {'Content-Type': 'application/json; charset=UTF-8'})
        self.assertEqual((status, text), (204, ''))  # never answered
        self.assertEqual(sdk.now()['status'], 'unavailable')

    def test_cancel_and_the_sdks_own_time(self):
        for cancel, status in (('01', 'challenge_abandoned'), ('08', 'expired')):
            sdk = started(GCM)
            sdk.ask()
            cres = sdk.ask(challengeCancel=cancel)
            self.assertEqual((cres['transStatus'], sdk.now()['status']), ('N', status))


if __name__ == '__main__':
    unittest.main()
