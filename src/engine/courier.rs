//! Carries requests for runs: finds the token, sends, writes down, tells.
//!
//! Hides the token's life (one renewal at a time, early, once more on a 401), the order
//! "intent on disk, send, answer on disk, tell", and which secret may go to which host.
//! Nothing is sent twice but a request that was answered 401 (trust.md R27, R28).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::vault::Vault;
use crate::bus::{Event, EventSink, Journal, Record};
use crate::client::{Client, Limits, Outgoing};
use crate::clock;
use crate::model::cards;
use crate::model::exchange::{Headers, Response, Step};
use crate::model::oauth;
use crate::model::profile::{Environment, Profile, ProfileId, TokenStatus, TokenView, is_loopback};
use crate::model::redact::{Origin, Redactor};
use crate::model::run::{Auth, StepRequest};
use crate::model::steps::form;
use crate::model::{Lane, Problem, RunId, Secret};

/// A token that expired long ago, for the tester who wants to send one. Its claims say
/// `exp: 1`; nobody signed it.
const EXPIRED_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJleHBpcmVkIiwiZXhwIjoxfQ.c2lnbmF0dXJl";

/// Secrets that records are searched for; the oldest, long expired, are let go. Our choice.
const MOST_LIVE: usize = 64;

struct Live {
    token: Secret,
    view: TokenView,
    /// What it was fetched with: another host, client or scope needs another token.
    fetched_for: FetchedFor,
}

#[derive(PartialEq, Eq)]
struct FetchedFor {
    origins: Vec<String>,
    client_id: String,
    scopes: String,
}

impl FetchedFor {
    fn of(profile: &Profile) -> Self {
        Self { origins: profile.origins(), client_id: profile.client_id.clone(), scopes: profile.scopes.clone() }
    }
}

/// See the module.
pub(super) struct Courier {
    client: Arc<Client>,
    journal: Journal,
    sink: EventSink,
    /// Held over the fetch, so that all who wait use the one renewal.
    tokens: Mutex<HashMap<ProfileId, Live>>,
    pub vault: Vault,
    /// Tokens that no record may show, newest last.
    live: StdMutex<Vec<Secret>>,
    cards: StdMutex<Cards>,
}

/// Which card numbers that are no test numbers may be sent (trust.md R35).
#[derive(Default)]
struct Cards {
    /// Runs without a person to ask.
    free: HashSet<RunId>,
    /// Numbers, as hashes, that a run was asked about; sending again is the consent.
    asked: HashSet<(RunId, u64)>,
    hasher: RandomState,
}

impl Courier {
    pub fn new(client: Arc<Client>, journal: Journal, sink: EventSink, vault: Vault) -> Self {
        Self {
            client,
            journal,
            sink,
            tokens: Mutex::default(),
            vault,
            live: StdMutex::default(),
            cards: StdMutex::default(),
        }
    }

    /// A redactor that knows every live secret.
    pub fn redactor(&self, environment: Environment) -> Redactor {
        let origin = if environment == Environment::Embedded { Origin::Embedded } else { Origin::Real };
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        Redactor::new(self.vault.all().into_iter().chain(live.iter().cloned()), origin)
    }

    /// Throws a profile's token away.
    pub async fn forget(&self, profile: &ProfileId) {
        self.tokens.lock().await.remove(profile);
        self.sink.post(Event::TokenChanged(profile.clone(), TokenStatus::Absent)).await;
    }

    /// Fetches a new token, also if there is a good one.
    pub async fn renew(self: &Arc<Self>, profile: &Profile) {
        let mut tokens = self.tokens.lock().await;
        self.fetch(None, profile, &mut tokens).await.ok(); // told by its TokenChanged event
    }

    /// Sends an API call for a run. The answer may be an error of the API.
    ///
    /// # Errors
    /// If no token could be had, the request may not be sent there, or nobody answered.
    pub async fn call(
        self: &Arc<Self>,
        run: RunId,
        profile: &Profile,
        request: &StepRequest,
        session_secret: Option<&str>,
    ) -> Result<Response, Problem> {
        let carries_ours = matches!(request.auth, Auth::ProfileToken | Auth::SessionSecret);
        if carries_ours {
            self.check_host(profile, &request.url)?;
        }
        let answer = self.call_once(run, profile, request, session_secret).await?;
        if answer.status != 401 || request.auth != Auth::ProfileToken {
            return Ok(answer);
        }
        self.tokens.lock().await.remove(&profile.id);
        self.call_once(run, profile, request, session_secret).await
    }

    async fn call_once(
        self: &Arc<Self>,
        run: RunId,
        profile: &Profile,
        request: &StepRequest,
        session_secret: Option<&str>,
    ) -> Result<Response, Problem> {
        near_or_encrypted(request.step, &request.url)?;
        match profile.environment {
            Environment::Production => self.refuse_real_card(request)?,
            Environment::VendorSandbox | Environment::Custom => self.ask_for_real_card(run, request)?,
            Environment::Embedded => (),
        }
        let authorization = match &request.auth {
            Auth::ProfileToken => Some(format!("Bearer {}", self.token(Some(run), profile).await?.expose())),
            Auth::SessionSecret => Some(session_secret.map(str::to_owned).ok_or_else(|| {
                Problem::of(
                    format!("{}: there is no session secret yet", request.step),
                    "The answer to POST /sessions carries it; take another Authorization until then",
                )
            })?),
            Auth::Nothing => None,
            Auth::ExpiredToken => Some(format!("Bearer {EXPIRED_TOKEN}")),
            Auth::Text(text) => Some(text.clone()),
        };
        let mut headers: Headers = Vec::with_capacity(request.headers.len() + 1);
        headers.extend(authorization.map(|value| ("Authorization".to_owned(), value)));
        headers.extend(request.headers.iter().cloned());
        let out = Outgoing {
            step: request.step,
            from: Lane::Merchant,
            to: Lane::Sessions,
            method: request.method.clone(),
            url: request.url.clone(),
            headers,
            body: Bytes::from(request.body.clone()),
        };
        self.carry(Some(run), profile.environment, out, Limits::CALL).await
    }

    /// Sends what a shopper's browser would send.
    ///
    /// # Errors
    /// If nobody answered, or the address is plain HTTP to another machine.
    pub async fn browse(
        self: &Arc<Self>,
        run: RunId,
        environment: Environment,
        out: Outgoing,
    ) -> Result<Response, Problem> {
        near_or_encrypted(out.step, &out.url)?;
        self.carry(Some(run), environment, out, Limits::CALL).await
    }

    /// Carries in a task of its own: a run that is stopped meanwhile loses no record.
    async fn carry(
        self: &Arc<Self>,
        run: Option<RunId>,
        environment: Environment,
        out: Outgoing,
        limits: Limits,
    ) -> Result<Response, Problem> {
        let courier = self.clone();
        let task = tokio::spawn(async move { courier.deliver(run, environment, out, limits).await });
        task.await.unwrap_or_else(|_| Err(Problem::of("The request's task ended early", "Send the request again")))
    }

    /// Writes the intent down, sends, writes the answer down, tells.
    async fn deliver(
        &self,
        run: Option<RunId>,
        environment: Environment,
        out: Outgoing,
        limits: Limits,
    ) -> Result<Response, Problem> {
        // The screen shows what came, but for client secrets, tokens and real card numbers;
        // the disk gets what trust.md R33 allows for this environment.
        let redactor = self.redactor(Environment::Embedded);
        if let Some(run) = run {
            let url = redactor.mask(out.url.as_bytes()).bytes;
            let url = String::from_utf8_lossy(&url).into_owned();
            self.keep(Record::Intent(run, out.step, url)).await;
        }
        let sent = self.client.send(out, limits, &redactor).await;
        let exchange = Arc::new(sent.exchange);
        let at_rest = match environment {
            Environment::Embedded => exchange.clone(),
            _ => Arc::new(exchange.masked_by(&self.redactor(environment))),
        };
        self.keep(Record::Exchange(run, at_rest)).await;
        self.sink.post(Event::Exchanged(run, exchange.clone())).await;
        match (sent.answer, &exchange.outcome) {
            (Some(answer), _) => Ok(answer),
            (None, Err(problem)) => Err(problem.clone()),
            (None, Ok(_)) => Err(Problem::of("The answer was lost", "Send the request again")),
        }
    }

    /// A record that cannot be kept does not stop a test; the user is told.
    async fn keep(&self, record: Record) {
        if let Err(refused) = self.journal.append(record).await {
            let problem = Problem::of(
                format!("This run is not being saved: {}", refused.0),
                "It stays on the screen; free disk space or choose another --data-dir to keep it",
            );
            self.sink.post(Event::NotSaved(problem)).await;
        }
    }

    /// A token that will last, fetched if need be.
    async fn token(self: &Arc<Self>, run: Option<RunId>, profile: &Profile) -> Result<Secret, Problem> {
        let mut tokens = self.tokens.lock().await;
        let now = clock::stamp();
        if let Some(live) = tokens.get(&profile.id) {
            let age = live.view.life.saturating_sub(live.view.left(now));
            if age < live.view.renewal() && live.fetched_for == FetchedFor::of(profile) {
                return Ok(live.token.clone());
            }
        }
        self.fetch(run, profile, &mut tokens).await
    }

    async fn fetch(
        self: &Arc<Self>,
        run: Option<RunId>,
        profile: &Profile,
        tokens: &mut HashMap<ProfileId, Live>,
    ) -> Result<Secret, Problem> {
        self.sink.post(Event::TokenChanged(profile.id.clone(), TokenStatus::Fetching)).await;
        let fetched = self.ask_for_token(run, profile).await;
        let status = match &fetched {
            Ok(live) => TokenStatus::Live(Box::new(live.view.clone())),
            Err(problem) => TokenStatus::Failed(problem.clone()),
        };
        self.sink.post(Event::TokenChanged(profile.id.clone(), status)).await;
        let live = fetched?;
        let token = live.token.clone();
        tokens.insert(profile.id.clone(), live);
        Ok(token)
    }

    async fn ask_for_token(self: &Arc<Self>, run: Option<RunId>, profile: &Profile) -> Result<Live, Problem> {
        if let Some((field, finding)) = profile.check().into_iter().next() {
            return Err(Problem::of(
                format!("Get a token: {field} of profile {:?} cannot be used", profile.name),
                finding,
            ));
        }
        self.vault.recall(profile).await;
        let secret = self.vault.client(&profile.id).ok_or_else(|| no_secret(profile))?;
        self.check_host(profile, &profile.token_url)?;
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &profile.client_id),
            ("client_secret", secret.expose()),
        ];
        if !profile.scopes.trim().is_empty() {
            fields.push(("scope", profile.scopes.trim()));
        }
        let out = Outgoing {
            step: Step::Token,
            from: Lane::Merchant,
            to: Lane::Sessions,
            method: "POST".into(),
            url: profile.token_url.clone(),
            headers: vec![
                ("Accept".into(), "application/json".into()),
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
            ],
            body: form(&fields).into(),
        };
        let answer = self.carry(run, profile.environment, out, Limits::TOKEN).await;
        let answer = answer.map_err(|problem| oauth::unanswered(profile, &problem))?;
        let (token, view) = read_token(profile, &answer)?;
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.push(token.clone());
        let surplus = live.len().saturating_sub(MOST_LIVE);
        live.drain(..surplus);
        Ok(Live { token, view, fetched_for: FetchedFor::of(profile) })
    }

    /// Only the vendor's published numbers go to production (trust.md R35). The redactor of
    /// the embedded sandbox masks nothing in a body but live secrets and other numbers.
    fn refuse_real_card(&self, request: &StepRequest) -> Result<(), Problem> {
        let foreign = self.redactor(Environment::Embedded).mask(request.body.as_bytes());
        if foreign.spans.is_empty() && !cards::holds_programmable(&request.body) {
            return Ok(());
        }
        Err(Problem::of(
            format!("{}: not sent to production: the body holds a card number that is no test number", request.step),
            "Use a published test card; this console never sends another number, nor one that only its own sandbox knows, to production",
        ))
    }

    /// Lets a run send any card number: nobody is there to be asked.
    pub fn free_cards(&self, run: RunId) {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner).free.insert(run);
    }

    /// A number that is no test number is held back once for each run; what is sent again
    /// goes (trust.md R35).
    fn ask_for_real_card(&self, run: RunId, request: &StepRequest) -> Result<(), Problem> {
        let masked = Redactor::new([], Origin::Embedded).mask(request.body.as_bytes());
        let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
        if cards.free.contains(&run) {
            return Ok(());
        }
        let mut news = Vec::new();
        for span in masked.spans {
            // The mask is the middle of a number; its ends say which one it is.
            let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let before: Vec<u8> = masked.bytes[..span.start].iter().rev().copied().collect();
            let whole = span.start - digits(&before)..span.end + digits(&masked.bytes[span.end..]);
            let hash = cards.hasher.hash_one(&request.body.as_bytes()[whole.clone()]);
            if cards.asked.insert((run, hash)) {
                news.push(String::from_utf8_lossy(&masked.bytes[whole]).into_owned());
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        Err(Problem {
            summary: format!("{}: not sent yet: {} is no test number", request.step, news.join(", ")),
            causes: vec!["It may be a real card, and a sandbox is no place for those (PCI DSS 6.5.5)".into()],
            hint: Some("Send it again to send it all the same, masked in the record; or take a test card".into()),
        })
    }

    /// A secret goes only to the hosts it was entered for (trust.md R23).
    fn check_host(&self, profile: &Profile, url: &str) -> Result<(), Problem> {
        let origin = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let entered_for = self.vault.entered_for(&profile.id).ok_or_else(|| no_secret(profile))?;
        if entered_for.contains(&origin) && profile.origins().contains(&origin) {
            return Ok(());
        }
        Err(Problem::of(
            format!("The credentials of profile {:?} were not entered for {origin}", profile.name),
            format!(
                "They were entered for {}. Enter the secret again under Credentials to allow this host, or send with another Authorization",
                entered_for.join(", ")
            ),
        ))
    }
}

fn no_secret(profile: &Profile) -> Problem {
    Problem::of(
        format!("Get a token: profile {:?} has no client secret", profile.name),
        "Enter it under Credentials, or set SESSIONS_CONSOLE_CLIENT_SECRET before the start",
    )
}

/// Plain HTTP stays on this machine (trust.md R24).
fn near_or_encrypted(step: Step, address: &str) -> Result<(), Problem> {
    let Ok(url) = Url::parse(address) else { return Ok(()) }; // the client says what is wrong with it
    if url.scheme() != "http" || is_loopback(&url) {
        return Ok(());
    }
    Err(Problem::of(
        format!("{step}: {} is another machine, and the address is plain HTTP", url.host_str().unwrap_or_default()),
        "Plain HTTP is for addresses of this machine only; use an https address",
    ))
}

fn read_token(profile: &Profile, answer: &Response) -> Result<(Secret, TokenView), Problem> {
    let json = answer.json().unwrap_or_default();
    let token = json.get("access_token").and_then(Value::as_str);
    let (200, Some(token)) = (answer.status, token) else { return Err(oauth::refused(profile, answer)) };
    let life = json.get("expires_in").and_then(Value::as_u64).unwrap_or(0);
    let granted = json.get("scope").and_then(Value::as_str).unwrap_or_default();
    let part = |index| {
        let part = token.split('.').nth(index)?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let view = TokenView {
        obtained: clock::stamp(),
        life: Duration::from_secs(life),
        scopes: granted.split_whitespace().map(str::to_owned).collect(),
        header: part(0),
        claims: part(1),
    };
    Ok((Secret::new(token), view))
}
