"""The official Python library against a running sandbox: every call of its sessions client.

Started by tests/sdk.rs, which gives the addresses in the environment. Asserts on what the library
decoded, never on bytes. Source: sessions-api.md 9.2-9.6.
"""

import json
import os
import socket
import threading
import unittest
import urllib.request
import warnings
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

from checkout_sdk.checkout_sdk import CheckoutSdk
from checkout_sdk.common.common import Phone
from checkout_sdk.common.enums import Country, Currency
from checkout_sdk.environment import Environment
from checkout_sdk.exception import CheckoutApiException, CheckoutAuthorizationException
from checkout_sdk.oauth_scopes import OAuthScopes
from checkout_sdk.sessions import sessions as s
from checkout_sdk.sessions.sessions_client import SessionsClient

BASE = os.environ['SANDBOX_BASE_URL']
CHALLENGE, FRICTIONLESS = '4242424242424242', '4485040371536584'
UNKNOWN = 'sid_aaaaaaaaaaaaaaaaaaaaaaaaaa'
CALLED = set()


class Recording:
    """Notes which calls of the library were made."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        CALLED.add(name)
        return getattr(self._client, name)


def environment():
    everything = {name: BASE + '/' for name in
                  ('base_uri', 'files_uri', 'transfers_uri', 'balances_uri', 'forward_uri', 'identity_uri')}
    return Environment(authorization_uri=os.environ['SANDBOX_TOKEN_URL'], is_sandbox=True, **everything)


def library(secret=None, scopes=(OAuthScopes.SESSIONS_APP, OAuthScopes.SESSIONS_BROWSER)):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)  # the shared hosts; there is no other here
        builder = CheckoutSdk.builder().oauth().use_legacy_domain()
    return (builder.client_credentials(os.environ['SANDBOX_CLIENT_ID'], secret or os.environ['SANDBOX_CLIENT_SECRET'])
            .environment(environment()).scopes(list(scopes)).build())


def control(path, body):
    request = urllib.request.Request(BASE + '/_sandbox' + path, json.dumps(body).encode(), {
        'Authorization': 'Bearer ' + os.environ['SANDBOX_CONTROL_TOKEN'], 'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


class Shop:
    """Takes callbacks."""

    def __init__(self):
        shop = self
        shop.callbacks = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                shop.callbacks.append(json.loads(body))
                self.send_response(200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/cb' % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def address():
    value = s.SessionAddress()
    value.address_line1, value.address_line2, value.address_line3 = 'CheckoutSdk.com', '90 Tottenham Court Road', 'x'
    value.city, value.state, value.zip, value.country = 'London', 'ENG', 'W1T 4TJ', Country.GB
    return value


def card(number):
    phone = Phone()
    phone.country_code, phone.number = '234', '0204567895'
    source = s.SessionCardSource()
    source.number, source.expiry_month, source.expiry_year, source.name = number, 1, 2030, 'John Doe'
    source.scheme, source.email, source.stored = s.SessionScheme.VISA, 'john@example.test', False
    source.billing_address, source.home_phone, source.mobile_phone, source.work_phone = address(), phone, phone, phone
    return source


def browser():
    data = s.BrowserSession()
    data.accept_header, data.java_enabled, data.javascript_enabled = 'Accept:  *.*, q=0.1', True, True
    data.language, data.color_depth, data.screen_width, data.screen_height = 'FR-fr', '16', '1920', '1080'
    data.timezone, data.ip_address = '60', '1.12.123.255'
    data.user_agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
    data.three_ds_method_completion = s.ThreeDsMethodCompletion.Y
    data.user_agent_client_hint, data.iframe_payment_allowed = '"Chromium";v="147"', True
    return data


def app(encrypted='{}'):
    key = s.SdkEphemeralPublicKey()
    key.kty, key.crv = 'EC', 'P-256'
    key.x, key.y = 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'
    data = s.AppSession()
    data.sdk_app_id, data.sdk_max_timeout = 'dbd64fcb-c19a-4728-8849-e3d50bfdde39', 5
    data.sdk_encrypted_data, data.sdk_ephem_pub_key = encrypted, key
    data.sdk_reference_number, data.sdk_transaction_id = '3DS_LOA_SDK_PPFU_020100_00007', UUID
    data.sdk_interface_type = s.SdkInterfaceType.BOTH
    data.sdk_ui_elements = [s.UIElements.TEXT, s.UIElements.HTML_OTHER]
    return data


UUID = '9e6ac5d9-7e1c-4b11-a6f6-8d1e3a9b1f5a'
READABLE = 'eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn'


def hosted():
    completion = s.HostedCompletionInfo()
    completion.success_url, completion.failure_url = 'https://example.com/success', 'https://example.com/fail'
    return completion


def non_hosted(callback='https://merchant.com/callback'):
    completion = s.NonHostedCompletionInfo()
    completion.callback_url = callback
    completion.challenge_notification_url = 'https://merchant.com/cres'
    return completion


def account():
    now = datetime(2024, 5, 3, 9, 15, 2)
    how = s.ThreeDsRequestorAuthenticationInfo()
    how.three_ds_req_auth_method = s.ThreeDsReqAuthMethod.Three3dsRequestorOwnCredentials
    how.three_ds_req_auth_timestamp, how.three_ds_req_auth_data = now, 'data'
    info = s.CardholderAccountInfo()
    info.purchase_count, info.account_age, info.add_card_attempts = 10, 'no_account', 10
    info.shipping_address_age, info.account_name_matches_shipping_name = 'this_transaction', True
    info.suspicious_account_activity, info.transactions_today = True, 10
    info.authentication_method = s.AuthenticationMethod.NO_AUTHENTICATION
    info.account_change, info.account_date = now, now.replace(tzinfo=timezone.utc)
    info.payment_account_age, info.account_id = now, 'account-1'
    info.three_ds_requestor_authentication_info = how
    return info


def risk():
    info = s.MerchantRiskInfo()
    info.delivery_email, info.delivery_timeframe = 'shop@example.test', s.DeliveryTimeframe.ELECTRONIC_DELIVERY
    info.is_preorder, info.is_reorder = True, True
    info.shipping_indicator = s.ShippingIndicator.BILLING_ADDRESS
    info.reorder_items_indicator = s.ReorderItemsIndicatorType.REORDERED
    info.pre_order_purchase_indicator = s.PreOrderPurchaseIndicatorType.FUTURE_AVAILABILITY
    info.gift_card_amount, info.gift_card_currency, info.gift_card_count = '12', 'USD', '01'
    return info


def request(source, completion, data=None, **more):
    wanted = s.SessionRequest()
    wanted.source, wanted.amount, wanted.currency = source, 6540, Currency.USD
    wanted.completion = completion
    wanted.marketplace, wanted.billing_descriptor = s.SessionMarketplaceData(), s.SessionsBillingDescriptor()
    wanted.marketplace.sub_entity_id = 'ent_ocw5i74vowfg2edpy66izhts2u'
    wanted.billing_descriptor.name = 'SUPERHEROES.COM'
    wanted.reference, wanted.transaction_type = 'ORD-5023-4E89', s.TransactionType.GOODS_SERVICE
    wanted.shipping_address, wanted.shipping_address_matches_billing = address(), True
    wanted.account_info, wanted.merchant_risk_info = account(), risk()
    wanted.preferred_experiences = ['3ds']
    if data is not None:
        wanted.channel_data = data
    for name, value in more.items():
        setattr(wanted, name, value)
    return wanted


def links(session):
    return {name: link.href for name, link in vars(session._links).items()}


def has(session, *names):
    return [hasattr(session, name) for name in names]


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sessions = Recording(library().sessions)

    @classmethod
    def tearDownClass(cls):
        # The last thing said: what was never called was never tested.
        every = {name for name in vars(SessionsClient) if not name.startswith('_')}
        assert every == CALLED, 'not called: %s' % (every - CALLED)

    def create(self, *arguments, status, **more):
        session = self.sessions.request_session(request(*arguments, **more))
        self.assertEqual(session.http_metadata.status_code, status)
        return session

    def read(self, session, secret=None):
        seen = self.sessions.get_session_details(session.id, secret)
        self.assertEqual((seen.http_metadata.status_code, seen.id), (200, session.id))
        return seen

    def refused(self, status, codes, call, *arguments):
        with self.assertRaises(CheckoutApiException) as caught:
            call(*arguments)
        error = caught.exception
        self.assertEqual((error.http_metadata.status_code, error.error_details), (status, codes))
        self.assertEqual(error.request_id, error.http_metadata.headers['Cko-Request-Id'])
        return error

    def test_browser_challenged(self):
        for category, indicator in ((s.Category.PAYMENT, s.SessionChallengeIndicator.NO_PREFERENCE),
                                    (s.Category.NON_PAYMENT, s.SessionChallengeIndicator.CHALLENGE_REQUESTED),
                                    (s.Category.NON_PAYMENT, s.SessionChallengeIndicator.CHALLENGE_REQUESTED_MANDATE)):
            with self.subTest(category=category, indicator=indicator):
                session = self.create(card(CHALLENGE), non_hosted(), browser(), status=201,
                                      authentication_category=category, challenge_indicator=indicator)
                self.assertEqual((session.status, session.response_code), ('challenged', 'C'))
                self.assertEqual(session.next_actions, ['challenge_cardholder'])
                self.assertEqual((session.authentication_category, session.challenge_indicator), (category, indicator))
                self.assertEqual((session.amount, session.currency, session.completed), (6540, 'USD', False))
                self.assertTrue(all(has(session, 'acs', 'ds', 'card', 'certificates', 'session_secret',
                                        'transaction_id', 'authentication_date')))
                self.assertEqual(links(session)['callback_url'], 'https://merchant.com/callback')
                self.assertEqual(session.account_info.purchase_count, 10)
                self.assertEqual(vars(self.read(session))['id'], session.id)

                seen = self.read(session, session.session_secret)
                self.assertEqual(has(seen, 'certificates', 'session_secret', 'ds', 'acs', 'card'),
                                 [False, False, True, True, True])

    def test_browser_in_steps_to_the_callback(self):
        shop = Shop()
        self.addCleanup(shop.close)
        for with_secret in (False, True):
            with self.subTest(with_secret=with_secret):
                session = self.create(card(CHALLENGE), non_hosted(shop.url), status=202)
                secret = session.session_secret if with_secret else None
                self.assertEqual((session.status, session.next_actions),
                                 ('pending', ['collect_channel_data', 'issuer_fingerprint']))
                report = s.ThreeDsMethodCompletionRequest()
                report.three_ds_method_completion = s.ThreeDsMethodCompletion.N
                seen = self.sessions.update_3ds_method_completion(session.id, report, secret)
                self.assertEqual((seen.status, seen.next_actions), ('pending', ['collect_channel_data']))
                seen = self.sessions.update_session(session.id, browser(), secret)
                self.assertEqual((seen.status, seen.acs.challenge_mandated), ('challenged', True))
                self.assertTrue(getattr(seen, '3ds').challenge_request)
                self.refused(403, ['update_not_allowed_due_to_state'], self.sessions.complete_session, session.id, secret)

                self.assertEqual(control('/sessions/%s/challenge' % session.id, {'result': 'approve'}), 200)
                seen = self.read(session, secret)
                self.assertEqual((seen.status, seen.status_reason, seen.approved), ('approved', 'rreq_status', True))
                self.assertEqual(has(seen, 'cryptogram', 'eci', 'xid'), [not with_secret, not with_secret, True])
                done = self.sessions.complete_session(session.id, secret)
                self.assertEqual((done.http_metadata.status_code, vars(done).keys()), (204, {'http_metadata'}))
                callback = shop.callbacks.pop()
                self.assertEqual((callback['session_id'], callback['approved'], callback['eci']), (session.id, True, '05'))
                self.assertEqual((self.read(session).completed, self.read(session).next_actions), (True, []))
                error = self.refused(403, ['update_not_allowed_due_to_state'],
                                     self.sessions.complete_session, session.id, secret)
                self.assertEqual(error.error_type, 'operation_not_allowed')

    def test_report_decides(self):
        data = browser()
        data.three_ds_method_completion = None  # a null is no word about the method
        for with_secret in (False, True):
            session = self.create(card(FRICTIONLESS), non_hosted(), data, status=202)
            self.assertEqual(session.next_actions, ['issuer_fingerprint'])
            self.assertIn('three_ds_method_url', links(session))
            report = s.ThreeDsMethodCompletionRequest()
            report.three_ds_method_completion = s.ThreeDsMethodCompletion.Y
            secret = session.session_secret if with_secret else None
            seen = self.sessions.update_3ds_method_completion(session.id, report, secret)
            self.assertEqual((seen.status, seen.flow_type, seen.next_actions), ('approved', 'frictionless', ['complete']))

    def test_hosted(self):
        for with_secret in (False, True):
            for data, status in ((browser(), 'approved'), (app(), 'unavailable')):
                with self.subTest(with_secret=with_secret, data=data.channel):
                    session = self.create(card(FRICTIONLESS), hosted(), status=202)
                    secret = session.session_secret if with_secret else None
                    self.assertEqual((session.status, session.next_actions), ('pending', ['redirect_cardholder']))
                    self.assertEqual(set(links(session)), {'self', 'redirect_url', 'success_url', 'failure_url'})
                    self.refused(403, ['update_not_allowed_due_to_state'],
                                 self.sessions.complete_session, session.id, secret)
                    report = s.ThreeDsMethodCompletionRequest()
                    report.three_ds_method_completion = s.ThreeDsMethodCompletion.Y
                    seen = self.sessions.update_3ds_method_completion(session.id, report, secret)
                    self.assertEqual(seen.status, 'pending')
                    seen = self.sessions.update_session(session.id, data, secret)
                    self.assertEqual((seen.status, seen.next_actions, seen.completed), (status, [], True))
                    self.assertEqual(set(links(seen)), {'self', 'success_url', 'failure_url'})

    def test_app(self):
        session = self.create(card(CHALLENGE), non_hosted(), app(), status=201)
        self.assertEqual((session.status, session.response_code, session.next_actions), ('unavailable', 'U', ['complete']))
        self.assertEqual(has(session, 'acs', 'ds', 'certificates'), [False, True, True])
        session = self.create(card(CHALLENGE), non_hosted(), app(READABLE), status=201)
        self.assertEqual((session.status, session.next_actions), ('challenged', ['challenge_cardholder']))
        self.assertEqual((session.acs.interface, session.acs.signed_content.count('.')), ('native_ui', 2))
        self.assertFalse(hasattr(session.acs, 'url'))

    def test_merchant_initiated(self):
        data = s.MerchantInitiatedSession()
        data.request_type = s.RequestType.RECURRING_TRANSACTION
        session = self.create(card(FRICTIONLESS), non_hosted(), data, status=201)
        self.assertEqual((session.status, session.response_code, session.next_actions), ('unavailable', 'U', ['complete']))
        self.assertEqual(has(session, 'acs', 'certificates'), [False, True])

        first = self.create(card(FRICTIONLESS), non_hosted(), browser(), status=201)
        initial, recurring = s.InitialTransaction(), s.Recurring()
        initial.initial_session_id = first.id
        recurring.days_between_payments, recurring.expiry = 28, '20991231'
        source = s.SessionIdSource()
        source.id = first.card.instrument_id
        session = self.create(source, non_hosted(), data, status=201, initial_transaction=initial, recurring=recurring,
                              authentication_type=s.AuthenticationType.RECURRING)
        self.assertEqual((session.status, session.authentication_type), ('approved', 'recurring'))
        self.assertEqual(session.initial_transaction.acs_transaction_id, first.acs.transaction_id)
        self.assertEqual(session.recurring.days_between_payments, 28)

    def test_every_source(self):
        by_token, network = s.SessionTokenSource(), s.NetworkTokenSource()
        by_token.token, by_token.store_for_future_use = 'tok_aaaaaaaaaaaaaaaaaaaaaaaaaa', False
        network.token, network.expiry_month, network.expiry_year = CHALLENGE, 1, 2030
        for source in (by_token, network):
            with self.subTest(source=source.type):
                session = self.create(source, non_hosted(), browser(), status=201)
                self.assertEqual((session.scheme, session.status), ('visa', 'challenged'))

    def test_installments(self):
        installment = s.Installment()
        installment.number_of_payments = 3
        session = self.create(card(FRICTIONLESS), non_hosted(), browser(), status=201, installment=installment,
                              authentication_type=s.AuthenticationType.INSTALLMENT)
        self.assertEqual((session.status, session.installment.number_of_payments, session.installment.expiry),
                         ('approved', 3, '99991231'))

    def test_three_ds1(self):
        session = self.create(card(CHALLENGE), non_hosted(), status=201, amount=123321)
        self.assertEqual((session.protocol_version, session.next_actions), ('1.0.2', ['authenticate']))
        self.assertTrue({'acs_url', 'term_url'} <= set(links(session)) and session.pareq)

    def test_errors(self):
        session = self.create(card(CHALLENGE), non_hosted(), browser(), status=201)
        report = s.ThreeDsMethodCompletionRequest()
        report.three_ds_method_completion = s.ThreeDsMethodCompletion.Y
        missing = ['session_not_found']
        for call in ((self.sessions.get_session_details, UNKNOWN),
                     (self.sessions.update_session, UNKNOWN, browser()),
                     (self.sessions.update_3ds_method_completion, UNKNOWN, report),
                     (self.sessions.complete_session, UNKNOWN)):
            self.assertEqual(self.refused(404, missing, *call).error_type, 'not_found')
        for call in ((self.sessions.update_session, session.id, browser()),
                     (self.sessions.update_3ds_method_completion, session.id, report),
                     (self.sessions.complete_session, session.id)):
            self.refused(403, ['update_not_allowed_due_to_state'], *call)
        wrong = request(card('4242424242424241'), hosted())
        wrong.currency, wrong.completion.success_url = 'USDX', None
        error = self.refused(422, ['number_invalid', 'currency_invalid', 'success_url_required'],
                             self.sessions.request_session, wrong)
        self.assertEqual(error.error_type, 'unprocessable_entity')
        report.three_ds_method_completion = 'X'
        self.refused(422, ['three_ds_method_completion_invalid'],
                     self.sessions.update_3ds_method_completion, session.id, report)
        # 401 has no body: the id comes from the header.
        error = self.refused(401, None, self.sessions.get_session_details, session.id, 'sek_' + 'A' * 43 + '=')
        self.assertIsNone(error.error_type)
        for word, status, codes in (('409', 409, ['session_already_in_use']), ('429', 429, ['rate_limit_exceeded']),
                                    ('DSERR', 503, ['ds_error'])):
            self.refused(status, codes, self.sessions.request_session,
                         request(card(CHALLENGE), non_hosted(), reference='SBX:' + word))

    def test_tokens(self):
        with self.assertRaisesRegex(CheckoutAuthorizationException, 'invalid_client'):
            library(secret='wrong')
        for scopes in ((), (OAuthScopes.GATEWAY, OAuthScopes.VAULT, OAuthScopes.PAYMENT_CONTEXT,
                            OAuthScopes.ISSUING_CARD_MGMT, OAuthScopes.SESSIONS_BROWSER)):
            session = library(scopes=scopes).sessions.request_session(request(card(CHALLENGE), non_hosted()))
            self.assertEqual(session.status, 'pending')
        elsewhere = library(scopes=(OAuthScopes.GATEWAY,)).sessions
        self.refused(403, ['operation_not_allowed_for_scope'],
                     elsewhere.request_session, request(card(CHALLENGE), non_hosted()))

    def test_the_vendors_names_over_tls(self):
        """Nothing is set but the credentials and the account's prefix; names lead here, as in a hosts file."""
        port = int(os.environ['SANDBOX_TLS_URL'].rsplit(':', 1)[1])
        real, asked = socket.getaddrinfo, set()

        def here(host, service, *arguments, **more):
            if isinstance(host, str) and host.endswith('.sandbox.checkout.com'):
                asked.add(host)
                return real('127.0.0.1', port, *arguments, **more)
            return real(host, service, *arguments, **more)

        socket.getaddrinfo = here
        self.addCleanup(setattr, socket, 'getaddrinfo', real)
        api = (CheckoutSdk.builder().oauth()
               .client_credentials(os.environ['SANDBOX_CLIENT_ID'], os.environ['SANDBOX_CLIENT_SECRET'])
               .environment(Environment.sandbox()).environment_subdomain('vkuhvk4v')
               .scopes([OAuthScopes.SESSIONS_BROWSER]).build())
        session = api.sessions.request_session(request(card(CHALLENGE), non_hosted()))
        self.assertEqual(session.http_metadata.status_code, 202)
        self.assertEqual(links(session)['self'], 'https://vkuhvk4v.api.sandbox.checkout.com/sessions/' + session.id)
        seen = api.sessions.update_session(session.id, browser(), session.session_secret)
        self.assertEqual(seen.status, 'challenged')
        self.assertEqual(asked, {'vkuhvk4v.api.sandbox.checkout.com', 'vkuhvk4v.access.sandbox.checkout.com'})


if __name__ == '__main__':
    unittest.main()
