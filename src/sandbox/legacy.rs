//! 3DS 1.0.2: enrolment, the issuer's page, and the answer at `term_url`.
//!
//! Promises: the answer counts only if it is well-formed, signed, and about this purchase,
//! checked in that order; whatever fails ends the session `unavailable`, `pares_error`; an
//! answer that comes twice changes nothing. Source: emv-3ds.md 1.7, 2.3; sessions-api.md
//! 5.5, 7.3.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use minijinja::context;

use super::Shared;
use super::answer::{Call, field};
use super::bank::{self, Question};
use super::cards::Legacy;
use super::faults;
use super::hosted;
use super::issuer::{Input, Try, fault_row, input, is_web_address, tried};
use super::legacy_xml::{Element, Leaves, altered, message, pack, signed, unpack};
use super::scheme::{Talk, code_of, exponent, merchant, numeric, other_site, status_of, take_fault, tell, verdict};
use super::session::{ErrorDetails, LegacyState, Session, Status};
use super::state::Pending;
use crate::model::scenario::{BankId, Fault, FaultKind, Hop};
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, secret};

use Element::{Parent, Text};

/// The version that a session shows. Source: sessions-api.md 4.3.
pub(super) const VERSION: &str = "1.0.2";
const ACQUIRER: &str = "400000";
const MERCHANT: &str = "SBX000000000001";

type App = State<Arc<Shared>>;

/// The paths of 3DS1.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/simulator/acs/3ds1", post(page)).route("/sessions-interceptor/{id}/pares", post(returned))
}

/// Where the issuer sends the browser back to.
pub(super) fn term_url(session: &Session, base: &str) -> String {
    format!("{base}/sessions-interceptor/{}/pares", session.id)
}

/// Asks whether the card is enrolled: afterwards the issuer waits, or the session is over.
pub(super) fn enrol(app: &Shared, base: &str, session: &mut Session) -> Vec<SchemeMessage> {
    let mut talk = Talk::of(session);
    let id = message_id(session);
    let shop = Parent("Merchant", vec![text("acqBIN", ACQUIRER), text("merID", MERCHANT)]);
    let pan = text("pan", &secret::mask_digits(session.pan.expose()));
    let request = message(&id, "VEReq", &[pan, shop], None);
    let out = [(Lane::Sessions, Lane::Directory), (Lane::Directory, Lane::Issuer)];
    talk.say("VEReq", &out, "version 1.0.2", request.clone());
    let asked = pass(app, session, &mut talk, Hop::Vereq, request).and_then(|request| {
        let leaves = Leaves::read(&request).ok_or(("101", "The enrolment request is not well-formed"))?;
        let known = !leaves.get("ThreeDSecure/Message/VEReq/pan").is_empty();
        if known { Ok(()) } else { Err(("201", "The enrolment request has no card number")) }
    });
    let enrolled = asked.and_then(|()| {
        let answer = veres(session, base, &id);
        let enrolled = answer.1;
        let back = [(Lane::Issuer, Lane::Directory), (Lane::Directory, Lane::Sessions)];
        talk.say("VERes", &back, &format!("enrolled {enrolled}"), answer.0.clone());
        let answer = pass(app, session, &mut talk, Hop::Veres, answer.0)?;
        let leaves = Leaves::read(&answer).ok_or(("101", "The enrolment answer is not well-formed"))?;
        match leaves.get("ThreeDSecure/Message/VERes/CH/enrolled") {
            "Y" if leaves.get("ThreeDSecure/Message/VERes/url").is_empty() => {
                Err(("201", "The enrolment answer has no address of the issuer"))
            }
            "Y" => Ok('Y'),
            "N" => Ok('N'),
            "U" => Ok('U'),
            _ => Err(("203", "The enrolment answer has no word that is known")),
        }
    });
    match enrolled {
        Ok('Y') => {
            let pareq = pack(&pareq(session, base));
            if let Some(legacy) = &mut session.legacy {
                legacy.pareq = Some(pareq);
            }
            session.status = Status::Pending;
        }
        Ok(letter) => {
            // Who is not enrolled was at least asked (product.md "Decided", S075).
            let status = if letter == 'N' { Status::Attempted } else { Status::Unavailable };
            let mut verdict = verdict(app, session, status, None, "veres_status", false);
            verdict.cryptogram = None;
            session.settle(status, verdict);
        }
        Err((code, description)) => {
            let mut verdict = verdict(app, session, Status::Unavailable, None, "veres_error", false);
            verdict.error = Some(ErrorDetails::plain(code, "S", description));
            session.settle(Status::Unavailable, verdict);
        }
    }
    talk.said
}

/// How late an enrolment message may be; its lateness itself takes no time here. Our choice,
/// as in 3DS2.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message on its way between MPI and issuer, with the fault that is planned for it.
fn pass(app: &Shared, session: &mut Session, talk: &mut Talk, hop: Hop, xml: String) -> Result<String, Flaw> {
    let Some(fault) = take_fault(app, session, hop) else { return Ok(xml) };
    let arrived = altered(&xml, &fault);
    let shown = (arrived != xml).then(|| Bytes::from(arrived.clone()));
    tell(talk, &fault, shown.as_ref());
    match fault.kind {
        FaultKind::Drop => Err(("402", "Nobody answered in time")),
        FaultKind::DelayMs | FaultKind::SlowDrip if fault.delay() > PATIENCE => Err(("402", "Nobody answered in time")),
        FaultKind::Close => Err(("405", "The other side could not be reached")),
        FaultKind::Status => Err(("403", "The other side failed for a moment")),
        _ => Ok(arrived),
    }
}

/// The issuer's word about enrolment.
fn veres(session: &Session, base: &str, id: &str) -> (String, &'static str) {
    let enrolled = match session.range.legacy {
        Legacy::NotEnrolled => "N",
        Legacy::Unknown => "U",
        _ => "Y",
    };
    let mut inside = vec![Parent("CH", vec![text("enrolled", enrolled), text("acctID", &session.card.instrument)])];
    if enrolled == "Y" {
        inside.push(text("url", &format!("{}/simulator/acs/3ds1", other_site(base))));
    }
    inside.push(text("protocol", "ThreeDSecure"));
    (message(id, "VERes", &inside, None), enrolled)
}

fn text<'a>(name: &'a str, value: &str) -> Element<'a> {
    Text(name, value.to_owned())
}

fn message_id(session: &Session) -> String {
    format!("P{}", session.transaction_id)
}

fn xid(session: &Session) -> &str {
    session.legacy.as_ref().map_or("", |legacy| legacy.xid.as_str())
}

/// What request and answer both say of the purchase.
fn purchase(session: &Session, xid: &str) -> Vec<Element<'static>> {
    let draft = &session.draft;
    vec![
        text("xid", xid),
        text("date", &session.created.strftime("%Y%m%d %H:%M:%S").to_string()),
        text("purchAmount", &draft.amount.unwrap_or(0).to_string()),
        text("currency", numeric(&draft.currency).unwrap_or(&draft.currency)),
        text("exponent", &exponent(&draft.currency).to_string()),
    ]
}

fn pareq(session: &Session, base: &str) -> String {
    let shop = Parent(
        "Merchant",
        vec![
            text("acqBIN", ACQUIRER),
            text("merID", MERCHANT),
            text("name", merchant(session)),
            text("country", "826"),
            text("url", base),
        ],
    );
    let mut bought = purchase(session, xid(session));
    bought.insert(2, text("amount", &bank::priced(session)));
    let (month, year) = session.draft.expiry.unwrap_or((12, 2099));
    let expiry = format!("{:02}{month:02}", year % 100);
    let card = Parent("CH", vec![text("acctID", &session.card.instrument), text("expiry", &expiry)]);
    message(&message_id(session), "PAReq", &[shop, Parent("Purchase", bought), card], None)
}

/// The issuer's answer, signed; false on purpose where the card asks for it.
fn pares(app: &Shared, session: &Session, answer: char, fault: Option<&Fault>, asked: Option<&str>) -> String {
    let status = status_by(answer);
    let values = verdict(app, session, status, None, "pares_status", true);
    let other = app.keys.xid("another transaction");
    let foreign =
        session.range.legacy == Legacy::OtherXid || fault.is_some_and(|fault| fault.kind == FaultKind::WrongId);
    let xid = if foreign { other.as_str() } else { xid(session) };
    let pan = session.pan.expose();
    let masked = format!("{:0>width$}", &pan[pan.len().saturating_sub(4)..], width = pan.len());
    let mut outcome = vec![
        text("time", &session.created.strftime("%Y%m%d %H:%M:%S").to_string()),
        text("status", &answer.to_string()),
    ];
    if let Some(cryptogram) = &values.cryptogram {
        outcome.push(text("cavv", cryptogram));
        outcome.push(text("eci", values.eci.unwrap_or_default()));
        outcome.push(text("cavvAlgorithm", "3"));
    }
    let shop = Parent("Merchant", vec![text("acqBIN", ACQUIRER), text("merID", MERCHANT)]);
    let mut bought = purchase(session, xid);
    if let Some(asked) = asked {
        bought[2] = text("purchAmount", asked); // it answers what it was asked, whatever the shop meant
    }
    let inside = [shop, Parent("Purchase", bought), text("pan", &masked), Parent("TX", outcome)];
    let xml = message(&message_id(session), "PARes", &inside, Some(&app.keys));
    let forged = session.range.legacy == Legacy::BadSignature
        || fault.is_some_and(|fault| fault.kind == FaultKind::BadSignature);
    if forged { xml.replace("<TX><time>", "<TX><time> ") } else { xml }
}

fn status_by(answer: char) -> Status {
    match answer {
        'Y' => Status::Approved,
        'A' => Status::Attempted,
        'U' => Status::Unavailable,
        _ => Status::Declined,
    }
}

/// What the form of a PaReq must hold.
struct Request {
    transaction: String,
    xid: String,
    amount: String,
}

fn read_pareq(form: &[(String, String)]) -> Result<Request, &'static str> {
    let packed = field(form, "PaReq").ok_or("The form field PaReq is missing.")?;
    let address = field(form, "TermUrl").ok_or("The form field TermUrl is missing.")?;
    field(form, "MD").ok_or("The form field MD is missing; it must be there even if it is empty.")?;
    if !is_web_address(address) {
        return Err("TermUrl is no http or https address.");
    }
    let xml = unpack(packed).ok_or("PaReq is not the base64 of a deflated message.")?;
    let leaves = Leaves::read(&xml).ok_or("PaReq is no well-formed message.")?;
    let transaction = leaves.id("ThreeDSecure/Message").strip_prefix('P').unwrap_or_default().to_owned();
    let bought = |name: &str| leaves.get(&format!("ThreeDSecure/Message/PAReq/Purchase/{name}")).to_owned();
    let (xid, amount) = (bought("xid"), bought("purchAmount"));
    if xid.is_empty() || amount.is_empty() || bought("currency").is_empty() {
        return Err("PaReq does not say what is bought: xid, purchAmount or currency is missing.");
    }
    Ok(Request { transaction, xid, amount })
}

/// `POST /simulator/acs/3ds1`: the issuer's page, and its answers.
async fn page(State(app): App, call: Call) -> Response {
    let mut form = call.form();
    if let Some(instead) = tampered(&app, &mut form).await {
        return instead;
    }
    let refuse = |sentence: &str| bank::refuse(&app, "This payer request cannot be read", sentence);
    let request = match read_pareq(&form) {
        Ok(request) => request,
        Err(sentence) => return refuse(sentence),
    };
    let id = app.lock().by_transaction(&request.transaction).map(|session| session.id.clone());
    let Some(id) = id else { return refuse("The issuer knows no such transaction.") };
    app.lapse(&id).await;
    let (pending, mistake) = {
        let mut store = app.lock();
        let Some(session) = store.sessions.get_mut(&id).filter(|session| xid(session) == request.xid) else {
            return refuse("The issuer knows no such xid.");
        };
        let (talk, phone, mistake) = take(session, &form);
        let phone = phone.then(|| bank::text_message(session));
        let mut pending = Pending::after(&mut store, &id, talk.said).with_phone(&mut store, phone);
        pending.ended = None; // the result comes with the answer
        (pending, mistake)
    };
    app.post(pending).await;
    question(&app, &form, &id, mistake).await
}

/// The fault that is planned for a payer request: it changes the form, or what is answered.
async fn tampered(app: &Arc<Shared>, form: &mut [(String, String)]) -> Option<Response> {
    if !matches!(input(form), Input::Open) {
        return None;
    }
    let xml = field(form, "PaReq").and_then(unpack)?;
    let transaction = Leaves::read(&xml)?.id("ThreeDSecure/Message").strip_prefix('P')?.to_owned();
    let (fault, pending) = {
        let mut store = app.lock();
        let session = store.by_transaction(&transaction)?;
        let fault = take_fault(app, session, Hop::Pareq)?;
        let arrived = altered(&xml, &fault);
        let shown = (arrived != xml).then(|| Bytes::from(arrived));
        let (row, id) = (fault_row(session, &fault, shown.as_ref()), session.id.clone());
        (fault, Pending { ended: None, ..Pending::after(&mut store, &id, vec![row]) })
    };
    app.post(pending).await;
    let changed = match fault.kind {
        FaultKind::BadBase64 => unpadded(field(form, "PaReq").unwrap_or_default()),
        FaultKind::Truncate => field(form, "PaReq").map(half).unwrap_or_default(),
        _ => pack(&altered(&xml, &fault)),
    };
    form.iter_mut().filter(|(name, _)| name == "PaReq").for_each(|(_, value)| value.clone_from(&changed));
    unusable(app, &fault).await
}

/// What a fault of the connection makes of a page.
async fn unusable(app: &Arc<Shared>, fault: &Fault) -> Option<Response> {
    match fault.kind {
        FaultKind::DelayMs | FaultKind::SlowDrip => {
            app.pass(fault.delay()).await;
            None
        }
        FaultKind::Drop | FaultKind::Close => Some(faults::cut_off()),
        FaultKind::Status => {
            let status = StatusCode::from_u16(fault.status.unwrap_or(503)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(bank::notice(app, status, "Something went wrong", "The issuer's page is broken on purpose."))
        }
        _ => None,
    }
}

/// The first half of a text.
fn half(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}

/// Base64url without padding, where base64 is meant.
fn unpadded(text: &str) -> String {
    text.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// Ends a session that waits for the issuer's answer, from outside: the answer is made and
/// verified as if the browser had carried it. `None` if it waits for none.
pub(super) fn answered(app: &Shared, session: &mut Session, result: &str) -> Option<Vec<SchemeMessage>> {
    let waits = session.status == Status::Pending;
    let legacy = session.legacy.as_deref_mut().filter(|legacy| waits && legacy.pareq.is_some())?;
    if result == "timeout" {
        session.expire(app.clock.now());
        return Some(Vec::new());
    }
    let answer = if result == "approve" { right_answer(session.range.legacy) } else { 'N' };
    legacy.answer = Some(answer);
    let opened = Opened::of(app, &pack(&pares(app, session, answer, None, None)));
    Some(fold(app, session, opened))
}

/// Folds the shopper's input in: what was said, whether a text message goes out, and
/// whether the password was wrong.
fn take(session: &mut Session, form: &[(String, String)]) -> (Talk, bool, bool) {
    let mut talk = Talk::of(session);
    let (mut phone, mut mistake) = (false, false);
    let (range, waits) = (session.range, session.status == Status::Pending);
    let Some(legacy) = session.legacy.as_deref_mut().filter(|legacy| waits && legacy.answer.is_none()) else {
        return (talk, phone, mistake);
    };
    match input(form) {
        Input::Open => {
            phone = true;
            let xml = legacy.pareq.as_deref().and_then(unpack).unwrap_or_default();
            talk.say("PAReq", &[(Lane::Browser, Lane::Issuer)], "opens the issuer's page", xml);
        }
        Input::Resend => phone = true,
        Input::Cancel => legacy.answer = Some('N'),
        Input::Answer { interaction: Some(page), given } if page == legacy.interactions => {
            let text = given.password.unwrap_or_default();
            let LegacyState { interactions, wrong, answer, .. } = legacy;
            match tried(text, interactions, wrong) {
                Try::Right => *answer = Some(right_answer(range.legacy)),
                Try::Last => *answer = Some('N'),
                Try::Wrong => mistake = true,
            }
        }
        Input::Answer { .. } => (),
    }
    (talk, phone, mistake)
}

/// What the issuer says after the right password.
fn right_answer(legacy: Legacy) -> char {
    match legacy {
        Legacy::Answer(outcome) => match code_of(status_of(outcome)) {
            'R' => 'N',
            code => code,
        },
        _ => 'Y',
    }
}

/// The page the shopper sees now: the question, or the way back.
async fn question(app: &Arc<Shared>, form: &[(String, String)], id: &str, mistake: bool) -> Response {
    let given = |name| field(form, name).unwrap_or_default();
    let address = given("TermUrl");
    let (status, packed, fault, pending) = {
        let mut store = app.lock();
        let Some(session) = store.sessions.get_mut(id).filter(|session| session.legacy.is_some()) else {
            return bank::refuse(app, "This payment is no longer known", "Start again in the shop.");
        };
        let legacy = session.legacy.as_ref().expect("only sessions with one were let through");
        if session.status == Status::Pending && legacy.answer.is_none() {
            let question = Question {
                screen: bank::Screen::default(),
                step: "3ds1",
                hidden: ["PaReq", "TermUrl", "MD"].map(|name| (name, given(name))).to_vec(),
                interactions: legacy.interactions,
                wrong: legacy.wrong,
                mistake,
                resent: field(form, "resend").is_some(),
                address,
            };
            return bank::ask(app, session, &question);
        }
        // Nothing was answered in time: nothing can be said.
        let answer = legacy.answer.unwrap_or('U');
        let fault = take_fault(app, session, Hop::Pares);
        let asked = read_pareq(form).ok().map(|request| request.amount);
        let xml = pares(app, session, answer, fault.as_ref(), asked.as_deref());
        let sent = fault.as_ref().filter(|fault| fault.kind != FaultKind::WrongId).map(|fault| altered(&xml, fault));
        let packed = pack(sent.as_deref().unwrap_or(&xml));
        let status = if session.status.is_final() { session.status } else { status_by(answer) };
        let row = fault.as_ref().map(|fault| fault_row(session, fault, sent.map(Bytes::from).as_ref()));
        let pending = Pending { ended: None, ..Pending::after(&mut store, id, row.into_iter().collect()) };
        (status, packed, fault, pending)
    };
    app.post(pending).await;
    let mut packed = packed;
    if let Some(fault) = fault {
        if let Some(instead) = unusable(app, &fault).await {
            return instead;
        }
        match fault.kind {
            FaultKind::BadBase64 => packed = unpadded(&packed),
            FaultKind::Truncate => packed.truncate(packed.len() / 2),
            _ => (),
        }
    }
    bank::hand_over(app, BankId::default(), status, address, &[("PaRes", packed.as_str()), ("MD", given("MD"))])
}

/// `POST /sessions-interceptor/{sid}/pares`: verifies the answer; the page decides nothing.
async fn returned(State(app): App, call: Call) -> Response {
    let id = call.segment(2);
    let form = call.form();
    let Some(packed) = field(&form, "PaRes") else {
        return bank::refuse(&app, "This answer cannot be read", "The form field PaRes is missing.");
    };
    let opened = Opened::of(&app, packed);
    app.lapse(id).await;
    let pending = {
        let mut store = app.lock();
        let Some(session) = store.sessions.get_mut(id).filter(|session| session.legacy.is_some()) else {
            return hosted::unknown(&app);
        };
        let waits = session.status == Status::Pending;
        let said = if waits { fold(&app, session, opened) } else { Vec::new() };
        let mut pending = Pending::after(&mut store, id, said);
        if !waits {
            pending.ended = None;
        }
        pending
    };
    app.post(pending).await;
    let next = app.lock().sessions.get(id).is_some_and(Session::hosted);
    app.pages.respond("returned.html", context! { id, next }, &bank::policy(None))
}

/// Code and description of what is wrong with an answer.
type Flaw = (&'static str, &'static str);

/// An answer as far as it can be looked at without its session, and so without the lock.
struct Opened {
    xml: String,
    /// What is signed of it, and nothing else.
    signed: Result<Leaves, Flaw>,
}

impl Opened {
    fn of(app: &Shared, packed: &str) -> Self {
        let xml = unpack(packed).unwrap_or_default();
        let signed = match Leaves::read(&xml) {
            None => Err(("101", "The payer's answer is not well-formed")),
            Some(_) => signed(&xml, "PARes", &app.keys)
                .and_then(Leaves::read)
                .ok_or(("302", "The signature of the payer's answer is wrong")),
        };
        Self { xml, signed }
    }
}

/// Verifies an answer and ends the session by it.
fn fold(app: &Shared, session: &mut Session, opened: Opened) -> Vec<SchemeMessage> {
    let mut talk = Talk::of(session);
    let (status, result) = match opened.signed.and_then(|leaves| verified(session, &leaves)) {
        Ok(answer) => {
            let status = status_by(answer);
            (status, verdict(app, session, status, None, "pares_status", true))
        }
        Err((code, description)) => {
            let mut broken = verdict(app, session, Status::Unavailable, None, "pares_error", true);
            broken.eci = None;
            broken.error = Some(ErrorDetails::plain(code, "A", description));
            (Status::Unavailable, broken)
        }
    };
    let path = [(Lane::Issuer, Lane::Browser), (Lane::Browser, Lane::Sessions)];
    talk.say("PARes", &path, &format!("status {}", code_of(status)), opened.xml);
    session.settle(status, result);
    if let Some(legacy) = &mut session.legacy {
        legacy.pareq = None;
    }
    talk.said
}

/// The answer of a signed PaRes, or what is wrong with it for this session.
fn verified(session: &Session, leaves: &Leaves) -> Result<char, Flaw> {
    let own = leaves.id("PARes").strip_prefix("PARes-") == Some(&message_id(session));
    if !own || leaves.get("PARes/Purchase/xid") != xid(session) {
        return Err(("301", "The payer's answer belongs to another transaction"));
    }
    let amount = session.draft.amount.unwrap_or(0).to_string();
    let currency = numeric(&session.draft.currency).unwrap_or(&session.draft.currency);
    let pan = session.pan.expose();
    let same = leaves.get("PARes/Purchase/purchAmount") == amount
        && leaves.get("PARes/Purchase/currency") == currency
        && leaves.get("PARes/pan").ends_with(&pan[pan.len().saturating_sub(4)..]);
    if !same {
        return Err(("305", "The payer's answer is about another purchase"));
    }
    match leaves.get("PARes/TX/status") {
        "Y" => Ok('Y'),
        "A" => Ok('A'),
        "N" => Ok('N'),
        "U" => Ok('U'),
        _ => Err(("203", "The payer's answer has no status that is known")),
    }
}
