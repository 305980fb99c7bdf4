// The official Node library against a running sandbox: every call of its Sessions and Access classes.
//
// Started by tests/sdk.rs, which gives the addresses in the environment and the folder of the
// installed package. Asserts on what the library decoded, never on bytes. The token address of
// this library cannot be set: over plain HTTP it gets a ready token; over TLS it uses the vendor's
// names unchanged, and an agent leads them here. Source: sessions-api.md 9.2-9.6.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Agent } from 'node:https';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const given = name => process.env[`SANDBOX_${name}`];
const sdk = await import(pathToFileURL(`${given('NODE_MODULES')}/checkout-sdk-node/dist/index.js`));
const { Checkout, Sessions, Access } = sdk;

const base = given('BASE_URL');
const [CHALLENGE, FRICTIONLESS] = ['4242424242424242', '4485040371536584'];
const UNKNOWN = 'sid_aaaaaaaaaaaaaaaaaaaaaaaaaa';

const called = new Set();
const recording = object => new Proxy(object, { get: (target, name) => { called.add(name); return target[name]; } });

const ask = async (path, authorization, body) => {
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.status;
};
const control = (path, body) => ask(`/_sandbox${path}`, `Bearer ${given('CONTROL_TOKEN')}`, body);

const token = async scope => {
    const body = new URLSearchParams({
        grant_type: 'client_credentials', client_id: given('CLIENT_ID'), client_secret: given('CLIENT_SECRET'), scope,
    });
    return (await (await fetch(given('TOKEN_URL'), { method: 'POST', body })).json()).access_token;
};

const jwt = await token('sessions:app sessions:browser');
// Both ways out that the library has: the runtime's fetch, and axios.
const ready = (key, httpClient) => recording(new Checkout(key, { host: base, httpClient }).sessions);
const sessions = ready(`Bearer ${jwt}`);
const withSecret = session => ready(session.session_secret);

const nonHosted = { type: 'non_hosted', callback_url: 'https://merchant.com/callback' };
const hosted = { type: 'hosted', success_url: 'https://example.com/success', failure_url: 'https://example.com/fail' };
const browser = {
    channel: 'browser', accept_header: 'Accept:  *.*, q=0.1', java_enabled: true, javascript_enabled: true,
    language: 'FR-fr', color_depth: '16', screen_height: '1080', screen_width: '1920', timezone: '60',
    user_agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', ip_address: '1.12.123.255', three_ds_method_completion: 'Y',
};
const app = {
    channel: 'app', sdk_app_id: 'dbd64fcb-c19a-4728-8849-e3d50bfdde39', sdk_max_timeout: 5, sdk_encrypted_data: '{}',
    sdk_ephem_pub_key: {
        kty: 'EC', crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    sdk_reference_number: '3DS_LOA_SDK_PPFU_020100_00007', sdk_transaction_id: '9e6ac5d9-7e1c-4b11-a6f6-8d1e3a9b1f5a',
    sdk_interface_type: 'both', sdk_ui_elements: ['single_select', 'multi_select', 'text', 'html_other', 'oob'],
};
const readable = { ...app, sdk_encrypted_data: 'eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn' };
const merchant = { channel: 'merchant_initiated', request_type: 'recurring_transaction' };

const wanted = (number, completion, more) => ({
    source: {
        type: 'card', number, expiry_month: 1, expiry_year: 2030, name: 'John Doe', email: 'john@example.test',
        billing_address: { address_line1: 'CheckoutSdk.com', city: 'London', state: 'ENG', zip: 'W1T 4TJ', country: 'GB' },
        home_phone: { country_code: '234', number: '0204567895' },
    },
    amount: 6540, currency: 'USD', marketplace: { sub_entity_id: 'ent_ocw5i74vowfg2edpy66izhts2u' },
    authentication_type: 'regular', authentication_category: 'payment', challenge_indicator: 'no_preference',
    billing_descriptor: { name: 'SUPERHEROES.COM' }, reference: 'ORD-5023-4E89', transaction_type: 'goods_service',
    shipping_address: { address_line1: 'CheckoutSdk.com', city: 'London', country: 'GB' },
    device_information: { device_id: 'any', device_session_id: 'any' }, completion, ...more,
});

/** A call that fails as the library's own class for that status, with the API's body. */
const refused = (call, name, code) => assert.rejects(call, error => {
    assert.equal(error.name, name);
    if (code) assert.deepEqual([error.body.error_codes, typeof error.body.request_id], [[code], 'string']);
    return true;
});

test('browser: challenged at once', async () => {
    for (const client of [sessions, ready(`Bearer ${jwt}`, 'axios')]) {
        for (const [authentication_category, challenge_indicator] of [
            ['payment', 'no_preference'], ['non_payment', 'challenge_requested'], ['non_payment', 'challenge_requested_mandate'],
        ]) {
            const body = wanted(CHALLENGE, nonHosted, { channel_data: browser, authentication_category, challenge_indicator });
            const session = await client.request(body);
            assert.deepEqual([session.status, session.response_code, session.next_actions], ['challenged', 'C', ['challenge_cardholder']]);
            assert.deepEqual([session.authentication_category, session.challenge_indicator], [authentication_category, challenge_indicator]);
            assert.deepEqual([session.amount, session.completed, session._links.callback_url.href], [6540, false, nonHosted.callback_url]);
            for (const member of ['acs', 'ds', 'card', 'certificates']) assert.equal(typeof session[member], 'object', member);
            // Nothing is sent for the channel but the word `undefined`; afterwards it sticks.
            assert.deepEqual(await client.get(session.id), session);
            assert.deepEqual(await client.get(session.id, 'browser'), session);
            const { session_secret, certificates, ...rest } = session;
            assert.deepEqual(await withSecret(session).get(session.id), rest);
        }
    }
});

test('browser: step by step to the callback', async () => {
    const callbacks = [];
    const shop = createServer(async (request, response) => {
        let body = '';
        for await (const part of request) body += part;
        callbacks.push(JSON.parse(body));
        response.end();
    }).listen(0, '127.0.0.1');
    after(() => shop.close());
    await new Promise(done => shop.once('listening', done));
    const completion = { type: 'non_hosted', callback_url: `http://127.0.0.1:${shop.address().port}/cb` };
    for (const secret of [false, true]) {
        const session = await sessions.request(wanted(CHALLENGE, completion));
        assert.deepEqual([session.status, session.next_actions], ['pending', ['collect_channel_data', 'issuer_fingerprint']]);
        const client = secret ? withSecret(session) : sessions;
        assert.deepEqual((await client.get(session.id, 'app')).next_actions, ['collect_channel_data']);
        let seen = await client.update3DSMethodCompletionIndicator(session.id, 'Y');
        assert.deepEqual([seen.status, seen.next_actions], ['pending', ['collect_channel_data']]);
        seen = await client.update(session.id, browser);
        assert.deepEqual([seen.status, seen.acs.challenge_mandated], ['challenged', true]);
        await refused(() => client.complete(session.id), 'ActionNotAllowed', 'update_not_allowed_due_to_state');

        assert.equal(await control(`/sessions/${session.id}/challenge`, { result: 'approve' }), 200);
        seen = await client.get(session.id);
        assert.deepEqual([seen.status, seen.status_reason, seen.approved], ['approved', 'rreq_status', true]);
        assert.deepEqual(['cryptogram', 'eci', 'xid'].map(name => name in seen), [!secret, !secret, true]);
        assert.deepEqual(await client.complete(session.id), {});
        const callback = callbacks.pop();
        assert.deepEqual([callback.session_id, callback.approved, callback.eci], [session.id, true, '05']);
        assert.deepEqual((await client.get(session.id)).next_actions, []);
        await refused(() => client.complete(session.id), 'ActionNotAllowed', 'update_not_allowed_due_to_state');
    }
});

test('hosted', async () => {
    for (const secret of [false, true]) {
        for (const [data, status] of [[browser, 'approved'], [app, 'unavailable']]) {
            const session = await sessions.request(wanted(FRICTIONLESS, hosted));
            assert.deepEqual([session.status, session.next_actions], ['pending', ['redirect_cardholder']]);
            assert.deepEqual(Object.keys(session._links).sort(), ['failure_url', 'redirect_url', 'self', 'success_url']);
            const client = secret ? withSecret(session) : sessions;
            await refused(() => client.complete(session.id), 'ActionNotAllowed', 'update_not_allowed_due_to_state');
            assert.equal((await client.update3DSMethodCompletionIndicator(session.id, 'Y')).status, 'pending');
            const seen = await client.update(session.id, data);
            assert.deepEqual([seen.status, seen.next_actions], [status, []]);
            assert.deepEqual(Object.keys(seen._links).sort(), ['failure_url', 'self', 'success_url']);
        }
    }
});

test('app', async () => {
    let session = await sessions.request(wanted(CHALLENGE, nonHosted, { channel_data: app }));
    assert.deepEqual([session.status, session.response_code, session.next_actions], ['unavailable', 'U', ['complete']]);
    assert.deepEqual(['acs', 'ds', 'certificates'].map(name => name in session), [false, true, true]);
    session = await sessions.request(wanted(CHALLENGE, nonHosted, { channel_data: readable }));
    assert.deepEqual([session.status, session.acs.interface, 'url' in session.acs], ['challenged', 'native_ui', false]);
});

test('merchant-initiated', async () => {
    let session = await sessions.request(wanted(FRICTIONLESS, nonHosted, { channel_data: merchant }));
    assert.deepEqual([session.status, session.response_code, 'acs' in session], ['unavailable', 'U', false]);
    const first = await sessions.request(wanted(FRICTIONLESS, nonHosted, { channel_data: browser }));
    session = await sessions.request(wanted(FRICTIONLESS, nonHosted, {
        source: { type: 'id', id: first.card.instrument_id }, authentication_type: 'recurring',
        channel_data: merchant, initial_transaction: { initial_session_id: first.id },
    }));
    assert.deepEqual([session.status, session.initial_transaction.acs_transaction_id], ['approved', first.acs.transaction_id]);
});

test('3DS1', async () => {
    const session = await sessions.request(wanted(CHALLENGE, nonHosted, { amount: 123321 }));
    assert.deepEqual([session.protocol_version, session.next_actions], ['1.0.2', ['authenticate']]);
    assert.equal(typeof session._links.acs_url.href, 'string');
});

test('errors, each as its class', async () => {
    const session = await sessions.request(wanted(CHALLENGE, nonHosted, { channel_data: browser }));
    for (const httpClient of [undefined, 'axios']) {
        const client = ready(`Bearer ${jwt}`, httpClient);
        for (const call of [
            () => client.get(UNKNOWN), () => client.update(UNKNOWN, browser), () => client.complete(UNKNOWN),
            () => client.update3DSMethodCompletionIndicator(UNKNOWN, 'Y'),
        ]) await refused(call, 'NotFoundError', 'session_not_found');
        for (const call of [
            () => client.update(session.id, browser), () => client.complete(session.id),
            () => client.update3DSMethodCompletionIndicator(session.id, 'Y'),
        ]) await refused(call, 'ActionNotAllowed', 'update_not_allowed_due_to_state');
        await refused(() => client.request(wanted('4242424242424241', nonHosted)), 'ValidationError', 'number_invalid');
        await refused(() => client.update3DSMethodCompletionIndicator(session.id, 'X'), 'ValidationError', 'three_ds_method_completion_invalid');
        const triggered = word => () => client.request(wanted(CHALLENGE, nonHosted, { reference: `SBX:${word}` }));
        await refused(triggered('409'), 'UrlAlreadyRegistered', 'session_already_in_use');
        await refused(triggered('429'), 'TooManyRequestsError', 'rate_limit_exceeded');
        await refused(triggered('502'), 'Bad gateway');
        await refused(triggered('DSERR'), 'API Error', 'ds_error');
        for (const key of ['Bearer x', `sek_${'A'.repeat(43)}=`, 'sk_sbox_m73dzbpy7cf3gfd46xr4yj5xo4e']) {
            await refused(() => ready(key, httpClient).get(session.id), 'AuthenticationError');
        }
    }
    const elsewhere = ready(`Bearer ${await token('gateway')}`);
    await refused(() => elsewhere.request(wanted(CHALLENGE, nonHosted)), 'ActionNotAllowed', 'operation_not_allowed_for_scope');
});

/** Leads every name to the sandbox's TLS port, as a hosts file would; names in the certificate are checked. */
class Here extends Agent {
    asked = new Set();

    createConnection(options, callback) {
        this.asked.add(options.servername);
        const here = { host: '127.0.0.1', port: Number(new URL(given('TLS_URL')).port) };
        return super.createConnection({ ...options, ...here }, callback);
    }
}

test("the vendor's names over TLS, with the library's own tokens", async () => {
    const agent = new Here({ ca: readFileSync(given('CA_FILE')) });
    const options = { client: given('CLIENT_ID'), scope: ['sessions:app', 'sessions:browser'], httpClient: 'axios', agent };
    const library = new Checkout(given('CLIENT_SECRET'), { ...options, subdomain: 'vkuhvk4v' });
    const session = await library.sessions.request(wanted(CHALLENGE, nonHosted));
    assert.equal(session._links.self.href, `https://vkuhvk4v.api.sandbox.checkout.com/sessions/${session.id}`);
    // A token that lasts an hour is stale to this library after seconds: it asks again and again.
    for (let turn = 0; turn < 5; turn += 1) {
        library.config.access.expires = new Date(0);
        assert.equal((await library.sessions.get(session.id)).status, 'pending');
    }
    assert.equal((await library.sessions.update(session.id, browser)).status, 'challenged');
    assert.deepEqual([...agent.asked].sort(), ['vkuhvk4v.access.sandbox.checkout.com', 'vkuhvk4v.api.sandbox.checkout.com']);

    const access = recording(library.access);
    const grant = await access.request({
        grant_type: 'client_credentials', client_id: given('CLIENT_ID'), client_secret: given('CLIENT_SECRET'), scope: 'gateway',
    });
    assert.deepEqual([grant.token_type, grant.scope, Number.isInteger(grant.expires_in)], ['Bearer', 'gateway', true]);
    access.updateAccessToken(grant);
    assert.equal(library.config.access.token, grant.access_token);

    const wrong = new Checkout('wrong', { ...options, useLegacyDomain: true });
    await assert.rejects(() => wrong.sessions.get(session.id));
    assert.ok(agent.asked.has('access.sandbox.checkout.com'));
});

test('every call was made', () => {
    for (const { prototype } of [Sessions, Access]) {
        for (const name of Object.getOwnPropertyNames(prototype)) {
            assert.ok(name === 'constructor' || called.has(name), `${name} was never called`);
        }
    }
});
