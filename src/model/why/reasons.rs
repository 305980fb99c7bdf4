//! The chain itself: which rows and members led to the answer, in the order in which they came.

use serde_json::Value;

use super::case::{Case, Decision, cancelled};
use super::facts::{Facts, Told, element, merchant};
use super::{Change, Reason, Why, reason};
use crate::model::api::{ApiError, Status};
use crate::model::codes;
use crate::model::device::GAVE_UP;
use crate::model::draft::Channel;
use crate::model::exchange::Step;
use crate::model::explain::{self, Risk, Tone};
use crate::model::run::{Entry, PASSED, What};
use crate::model::sandbox::{fault_line, fault_told};
use crate::model::trace::{Part, Question};

/// Documents as they are known outside. The protocol's chapters by name: their numbers differ
/// from version to version.
mod source {
    pub const ARES: &str = "EMV 3DS, ARes: transStatus";
    pub const AREQ: &str = "EMV 3DS, AReq";
    pub const RREQ: &str = "EMV 3DS, RReq: the result of a challenge comes from the issuer";
    pub const CANCEL: &str = "EMV 3DS, RReq: challengeCancel";
    pub const CRES: &str = "EMV 3DS, CRes: what the browser brings is no proof";
    pub const CREQ: &str = "EMV 3DS, CReq opens the challenge";
    pub const METHOD: &str = "EMV 3DS, 3DS Method: 10 s for the notification";
    pub const ERROR: &str = "EMV 3DS, error codes";
    pub const TIMERS: &str = "EMV 3DS, time-outs";
    pub const WISH: &str = "EMV 3DS, 3DS Requestor Challenge Indicator";
    pub const LEGACY: &str = "3-D Secure 1.0.2, VERes and PARes";
    pub const STATUS: &str = "Sessions API, session status";
    pub const LIFE: &str = "Sessions API: 15 minutes from creation to a final state";
    pub const FAULT: &str = "The sandbox, as it was told";
    pub const ECI: &str = "The scheme's ECI table";
    pub const LIABILITY: &str = "The schemes' liability rules; region rules decide in the end";
    pub const ERRORS: &str = "Sessions API, errors";
}

/// What is asked about, and the answer.
pub(super) fn answer(case: &Case<'_, '_>, question: &Question) -> (String, String) {
    let session = &case.session;
    let because = case.because();
    match question {
        Question::Eci => {
            let scheme = session.text("/scheme").map_or("this scheme", codes::scheme_name);
            let (about, words) = match session.text("/eci") {
                Some(eci) => {
                    (format!("eci: {eci}"), format!("ECI {eci} says at {scheme}: {}", lower(case.meaning.eci)))
                }
                None if session.status.is_final() => ("eci".into(), "This answer gives no ECI".into()),
                None => ("eci".into(), "There is no ECI before the end".into()),
            };
            (about, format!("{words}, because {because}."))
        }
        Question::Liability => {
            let words = match case.meaning.risk {
                Risk::Issuer => "If it was fraud, the bank pays",
                Risk::Merchant => "If it was fraud, the shop pays",
                Risk::None => return ("liability".into(), "Nothing to shift, because no money moved.".into()),
                Risk::Open => "Who pays for fraud is not decided",
            };
            ("liability".into(), format!("{words}, because {because}."))
        }
        Question::Status(_) | Question::Finding(..) => {
            let about = format!("status: {}", session.status.word());
            (about, format!("{}, because {because}.", case.meaning.title))
        }
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// The chain.
pub(super) fn of(case: &Case<'_, '_>, question: &Question) -> Vec<Reason> {
    let mut chain = Chain { case, links: Vec::new() };
    match case.decision {
        Decision::Pending | Decision::Risk | Decision::Unknown => chain.created(),
        Decision::LegacyOpen | Decision::LegacyEnrolment | Decision::LegacyAnswer => chain.legacy(),
        Decision::Lifetime if case.is_legacy() => {
            chain.legacy();
            chain.time();
        }
        Decision::Lifetime => {
            chain.created();
            chain.first_answer();
            chain.challenge();
            chain.time();
        }
        _ => {
            chain.wish();
            chain.method();
            chain.first_answer();
            chain.challenge();
            if case.is_legacy() {
                chain.legacy();
            }
            chain.time();
        }
    }
    chain.faults();
    chain.errors();
    chain.links.sort_by_key(|link| link.at);
    chain.verdict();
    match question {
        Question::Eci => chain.eci(),
        Question::Liability => chain.liability(),
        Question::Status(_) | Question::Finding(..) => (),
    }
    if !chain.links.iter().any(|link| link.decides)
        && let Some(last) = chain.links.last_mut()
    {
        last.decides = true;
    }
    chain.links
}

struct Chain<'c, 'a, 'f> {
    case: &'c Case<'a, 'f>,
    links: Vec<Reason>,
}

impl Chain<'_, '_, '_> {
    /// A member of a body that was read: the first of `pointers` that is there is what is
    /// pointed at, all that are there are the fact.
    fn told(&mut self, told: &Told<'_>, pointers: &[&str], sentence: impl Into<String>, source: &'static str) {
        let pointer = told.first(pointers).unwrap_or_default();
        let spot = told.spot(pointer);
        let words = (sentence.into(), fact(told, pointers));
        let link = reason(self.case.facts.run, told.entry, (told.part, spot.path), words);
        self.push(Reason { source, ..link });
    }

    fn row(&mut self, entry: &Entry, sentence: impl Into<String>, fact: impl Into<String>, source: &'static str) {
        let link = reason(self.case.facts.run, entry, (Part::Request, None), (sentence.into(), fact.into()));
        self.push(Reason { source, ..link });
    }

    fn push(&mut self, link: Reason) {
        if self.links.iter().all(|known| known.spot != link.spot) {
            self.links.push(link);
        }
    }

    /// Marks the newest link as what decided.
    fn decides(&mut self) {
        if let Some(last) = self.links.last_mut() {
            last.decides = true;
        }
    }

    fn created(&mut self) {
        if let Some(told) = self.case.facts.sent(Step::Create) {
            let words = match self.case.decision {
                Decision::Lifetime => "The shop creates the session; from here it has 15 minutes to end",
                Decision::Risk => "The shop creates the session; the API weighs the risk before it asks anybody",
                _ => "The shop creates the session",
            };
            let source = if self.case.decision == Decision::Lifetime { source::LIFE } else { source::STATUS };
            self.told(&told, &["/amount", "/currency"], words, source);
        }
    }

    /// What the shop wished, where it wished anything.
    fn wish(&mut self) {
        let Some(told) = self.case.facts.sent(Step::Create) else { return };
        if let Some(wish) = told.text("/challenge_indicator").filter(|wish| *wish != "no_preference") {
            let words = match wish {
                "no_challenge_requested" => "The shop would like the bank not to ask",
                "challenge_requested" => "The shop would like the bank to ask",
                "challenge_requested_mandate" => "The shop says that the bank must ask",
                "data_share" => "The shop shares data only and wants no check",
                _ => "The shop asks for an exemption; the bank may ask all the same",
            };
            self.told(&told, &["/challenge_indicator"], words, source::WISH);
        }
        if told.text("/authentication_category") == Some("non_payment") {
            self.told(&told, &["/authentication_category"], "The card is checked without a payment", source::STATUS);
        }
        if self.case.channel() == Channel::MerchantInitiated {
            let words = match told.body.get("initial_transaction") {
                Some(_) => "The shop starts this payment and names the earlier authentication",
                None => "The shop starts this payment and names no earlier authentication",
            };
            self.told(&told, &["/initial_transaction", "/channel_data/channel"], words, source::AREQ);
        }
    }

    fn method(&mut self) {
        let Some((told, place, letter)) = &self.case.method else { return };
        let words = match letter.as_str() {
            "Y" => "The bank's hidden page looked at the browser and reported back in time",
            "N" => "The bank's hidden page did not report back within 10 s, so the bank knows less of the browser",
            _ => "The bank did not look at the browser beforehand: no address for it, or it was left out",
        };
        self.told(told, &[place], words, source::METHOD);
    }

    /// AReq and ARes, or what the API tells of them.
    fn first_answer(&mut self) {
        let case = self.case;
        let deciding = matches!(
            case.decision,
            Decision::AtOnce
                | Decision::Informational
                | Decision::StandIn
                | Decision::MerchantInitiated
                | Decision::AppUnreadable
                | Decision::Challenged
                | Decision::Decoupled
        );
        if let Some(areq) = case.facts.message("AReq", |_| true) {
            let lost = case.ares.is_none() && case.erro.is_none() && case.decision == Decision::Error;
            let words = if lost {
                "The request went out, and no answer to it came"
            } else {
                "The request goes through the directory to the bank"
            };
            let members = ["/threeDSRequestorChallengeInd", "/threeDSCompInd", "/deviceChannel", "/messageVersion"];
            self.told(&areq, &members, words, if lost { source::TIMERS } else { source::AREQ });
            if lost {
                self.decides();
            }
        }
        let Some(ares) = &case.ares else { return self.first_answer_told() };
        let letter = ares.text("/transStatus").unwrap_or_default();
        let first = case.browser_asked().filter(|first| first.entry.number != ares.entry.number);
        if let Some(first) = &first {
            self.told(first, &["/transStatus"], letter_words("S", false), source::ARES);
        }
        let words = match case.decision {
            Decision::Error => "The bank answers; this does not count, since it was refused or came too late",
            _ if first.is_some() && letter == "Y" => "The bank takes what the shopper confirmed in the browser",
            decision => letter_words(letter, decision == Decision::StandIn),
        };
        self.told(ares, &["/transStatus", "/transStatusReason"], words, source::ARES);
        // Without a challenge after it, the second answer is what decides.
        if deciding || (first.is_some() && case.rreq.is_none() && case.session.status.is_final()) {
            self.decides();
        }
    }

    /// The bank's first answer as the API tells it: where it asked, the row that said so.
    fn first_answer_told(&mut self) {
        let told = self.case.facts.told.as_ref().map(|told| told.entry.number);
        let challenged = self.case.facts.rows(|entry| entry.status == Some(Status::Challenged));
        let Some(entry) = challenged.filter(|entry| Some(entry.number) != told).last() else { return };
        let Some(body) = merchant(entry).and_then(|call| super::facts::read(&call.response()?.body)) else { return };
        let told = Told { entry, part: Part::Response, body };
        let words = letter_words(told.text("/response_code").unwrap_or("C"), false);
        self.told(&told, &["/response_code", "/status"], words, source::ARES);
    }

    /// From the opened page to the result.
    fn challenge(&mut self) {
        let case = self.case;
        let asked = matches!(
            case.decision,
            Decision::AfterChallenge
                | Decision::Cancelled
                | Decision::NeverOpened
                | Decision::TimedOut
                | Decision::Lifetime
                | Decision::StandIn
                | Decision::Error
        );
        if !asked {
            return;
        }
        self.opened();
        if let Some(entry) = case.facts.at_bank() {
            self.at_bank(entry);
        }
        if let Some(entry) = case.brought_back() {
            let words = "The browser comes back to the shop; what it brings does not count";
            let confirmed = case.rreq.is_none() && case.browser_asked().is_some(); // no CRes (emv-3ds.md 1.2)
            self.row(entry, words, if confirmed { "POST" } else { "POST with cres" }, source::CRES);
        }
        let Some(rreq) = &case.rreq else { return };
        let broken_off = rreq.body.get("challengeCancel").is_some();
        let words = match rreq.text("/challengeCancel") {
            _ if case.decision == Decision::Lifetime => {
                "The bank sends its result, and it is not taken over in time".to_owned()
            }
            Some(code) => format!("The bank ends the challenge: {}", cancelled(code)),
            None => {
                let letter = rreq.text("/transStatus").unwrap_or_default();
                let reason = rreq.text("/transStatusReason").and_then(|code| codes::reason(case.scheme(), code));
                let reason = reason.map(|words| format!(": {words}")).unwrap_or_default();
                format!("{}{reason}", result_words(letter))
            }
        };
        let members = ["/challengeCancel", "/transStatus", "/transStatusReason", "/interactionCounter"];
        let members = if broken_off { &members[..] } else { &members[1..] };
        self.told(rreq, members, words, if broken_off { source::CANCEL } else { source::RREQ });
        let deciding = matches!(
            case.decision,
            Decision::AfterChallenge | Decision::Cancelled | Decision::NeverOpened | Decision::TimedOut
        );
        if deciding {
            self.decides();
        }
    }

    /// The challenge's opening: a page in the browser, or the first sealed message of an app.
    fn opened(&mut self) {
        let case = self.case;
        if case.channel() != Channel::App {
            if let Some(creq) = case.facts.message("CReq", |_| true) {
                let words = "The browser opens the bank's page";
                self.told(&creq, &["/challengeWindowSize", "/messageVersion"], words, source::CREQ);
            }
            return;
        }
        let first = case.facts.messages("CReq").find_map(|(entry, message)| {
            Some(Told { entry, part: Part::Request, body: super::facts::read(&message.body)? })
        });
        if let Some(creq) = first {
            let words = "The app's SDK opens the bank's challenge";
            self.told(&creq, &["/sdkCounterStoA", "/messageVersion"], words, source::CREQ);
        }
        let gave_up = |entry: &Entry| matches!(&entry.what, What::Noted(_, words) if words.starts_with(GAVE_UP));
        if let Some(entry) = case.facts.rows(gave_up).next() {
            let words = "The app's SDK does not trust what it got, and sends no answer to it";
            self.row(entry, words, GAVE_UP, source::CREQ);
        }
    }

    /// What the shopper was seen to do.
    fn at_bank(&mut self, entry: &Entry) {
        let app = self.case.channel() == Channel::App;
        let (cancelled, timed_out) =
            (self.case.decision == Decision::Cancelled, self.case.decision == Decision::TimedOut);
        let posts = self.case.facts.rows(|entry| matches!(&entry.what, What::Exchange(exchange)
            if exchange.from == crate::model::Lane::Browser && exchange.step == Step::Challenge && exchange.request.method == "POST"));
        let (words, fact) = match &entry.what {
            What::Wait(_) => {
                let took = entry.took.unwrap_or_default().as_secs_f32();
                let words = if self.case.decision == Decision::TimedOut {
                    "The shopper is at the bank and gives no answer in time"
                } else {
                    "The shopper is at the bank"
                };
                (words, format!("{took:.1} s"))
            }
            What::Exchange(call) if call.step == Step::Redirect => {
                ("The shopper is on the hosted page, which asks for the bank", "redirect_url".into())
            }
            _ if app && cancelled => ("The shopper cancels in the app", sent(posts.count())),
            _ if app && timed_out => ("The shopper gives no answer in the app", sent(posts.count())),
            _ if app => ("The shopper answers in the app", sent(posts.count())),
            _ if self.case.rreq.is_none() && self.case.browser_asked().is_some() => {
                ("The shopper is asked to confirm in the browser", posted(posts.count()))
            }
            _ if cancelled => ("The shopper cancels on the bank's page", posted(posts.count())),
            _ => ("The shopper answers on the bank's page", posted(posts.count())),
        };
        self.row(entry, words, fact, source::CREQ);
    }

    /// Time that was let pass, where time decided.
    fn time(&mut self) {
        let timed = matches!(
            self.case.decision,
            Decision::TimedOut | Decision::NeverOpened | Decision::Lifetime | Decision::Decoupled
        );
        let passed = |entry: &Entry| matches!(&entry.what, What::Noted(_, words) if words.ends_with(PASSED));
        let Some(entry) = self.case.facts.rows(passed).next().filter(|_| timed) else { return };
        let passed = self.case.facts.run.jumped_since(self.case.facts.run.started);
        let sentence = match self.case.decision {
            Decision::NeverOpened if self.case.channel() == Channel::App => "The app opens no challenge",
            Decision::NeverOpened => "Nobody opens the bank's page",
            _ => "Nobody answers",
        };
        let timer = match self.case.decision {
            Decision::NeverOpened => source::TIMERS,
            Decision::Lifetime => source::LIFE,
            _ => "EMV 3DS, time-outs: 10 minutes between two answers of the shopper",
        };
        self.row(entry, sentence, format!("{:.0} s pass", passed.as_secs_f64()), timer);
    }

    fn faults(&mut self) {
        let told = |entry: &Entry| matches!(&entry.what, What::Scheme(message) if message.kind == "Fault");
        let rows: Vec<&Entry> = self.case.facts.rows(told).take(3).collect();
        for entry in rows {
            let What::Scheme(message) = &entry.what else { continue };
            let line = fault_told(message).map_or_else(|| message.gist.clone(), |fault| fault_line(&fault));
            self.row(entry, format!("Something happens to a message: {line}"), "Fault", source::FAULT);
        }
    }

    fn errors(&mut self) {
        let case = self.case;
        // In an app's challenge the two sides refuse each other's messages in the open.
        let in_app = case.decision == Decision::AfterChallenge && case.channel() == Channel::App;
        if !in_app && !matches!(case.decision, Decision::Error | Decision::AppUnreadable | Decision::AtOnce) {
            return;
        }
        if let Some(erro) = &case.erro {
            let code = erro.text("/errorCode").unwrap_or_default();
            let words =
                format!("A message is refused or missed: {}", crate::model::lint::observed::error_meaning(code));
            self.told(
                erro,
                &["/errorCode", "/errorComponent", "/errorDetail", "/errorMessageType"],
                words,
                source::ERROR,
            );
            if case.decision == Decision::Error {
                self.decides();
            }
        }
    }

    /// 3-D Secure 1: the card's enrolment, the shopper's way, the bank's answer.
    fn legacy(&mut self) {
        let case = self.case;
        if let Some((entry, message)) = case.facts.messages("VERes").next_back() {
            let enrolled = element(&message.body, "enrolled").unwrap_or_else(|| "?".into());
            let words = match enrolled.as_str() {
                "Y" => "The card takes part in 3-D Secure 1",
                "N" => "The card does not take part in 3-D Secure 1",
                _ => "Whether the card takes part in 3-D Secure 1 is not known",
            };
            self.row(entry, words, format!("enrolled: {enrolled}"), source::LEGACY);
            if case.decision == Decision::LegacyEnrolment {
                self.decides();
            }
        }
        if case.decision == Decision::LegacyEnrolment {
            return;
        }
        if let Some(entry) = case.facts.at_bank() {
            self.row(entry, "The shopper is sent to the bank's page of 3-D Secure 1", "PaReq", source::LEGACY);
        }
        if let Some((entry, message)) = case.facts.messages("PARes").next_back() {
            let status = element(&message.body, "status").unwrap_or_else(|| "?".into());
            let words = match status.as_str() {
                "Y" => "The bank says that the shopper knew the password",
                "A" => "The bank could not check and gives a receipt",
                "N" => "The bank says that the password was wrong",
                _ => "The bank could not check",
            };
            self.row(entry, words, format!("status: {status}"), source::LEGACY);
            if matches!(case.decision, Decision::LegacyAnswer | Decision::Error) {
                self.decides();
            }
        }
    }

    /// What the API made of it.
    fn verdict(&mut self) {
        let case = self.case;
        let Some(told) = &case.facts.told else { return };
        let open = !case.session.status.is_final();
        let words = match (&case.session.status, case.decision) {
            (_, Decision::Pending | Decision::LegacyOpen) => "The API says what it waits for",
            (_, Decision::Lifetime) => "The API closes the session: its life is over",
            (_, Decision::Risk) => "The API's own risk check says no; no message goes to the bank",
            (_, Decision::Unknown) => "The API says a word that the contract does not know",
            _ if open => "The API says where the session stands",
            _ => "The API makes this of it, and this is what counts",
        };
        let final_members = [
            "/status",
            "/status_reason",
            "/response_code",
            "/response_status_reason",
            "/acs/challenge_cancel_reason_code",
            "/3ds/error_details/error_code",
        ];
        let members = if open { &["/status", "/next_actions", "/response_code"][..] } else { &final_members[..] };
        self.told(told, members, words, source::STATUS);
    }

    fn eci(&mut self) {
        let case = self.case;
        let message = case.rreq.as_ref().or(case.ares.as_ref()).filter(|told| told.text("/eci").is_some());
        if let Some(told) = message {
            self.told(told, &["/eci"], "The bank's message brings the ECI", source::ECI);
        }
        if let Some(told) = case.facts.member(&["/scheme"]) {
            let words = "Each scheme has its own list: 06 and 07 are opposites at Visa and Mastercard";
            self.told(&told, &["/scheme"], words, source::ECI);
        }
        match case.facts.member(&["/eci"]) {
            Some(told) => {
                self.told(&told, &["/eci"], format!("Here it says: {}", lower(case.meaning.eci)), source::ECI)
            }
            None => {
                let Some(told) = &case.facts.told else { return };
                let words = "No ECI: the session is open, or it was read with the session secret, which leaves it out";
                let link =
                    reason(case.facts.run, told.entry, (told.part, None), (words.into(), "eci is absent".into()));
                self.push(Reason { source: source::STATUS, ..link });
            }
        }
    }

    fn liability(&mut self) {
        let case = self.case;
        let applied = case.session.text("/exemption/applied").filter(|word| *word != "none");
        if let Some(told) = case.facts.member(&["/exemption/applied"]).filter(|_| applied.is_some()) {
            let words = "An exemption was applied; one that the shop asked for leaves the risk with the shop";
            self.told(&told, &["/exemption/applied"], words, source::LIABILITY);
        }
        if case.session.text("/authentication_category") == Some("non_payment")
            && let Some(told) = case.facts.member(&["/authentication_category"])
        {
            self.told(&told, &["/authentication_category"], "No payment, so no risk to shift", source::LIABILITY);
        }
        match case.facts.member(&["/cryptogram"]) {
            Some(told) => {
                let words = "There is a proof: hand it over unchanged, or the risk stays with the shop";
                self.told(&told, &["/cryptogram"], words, source::LIABILITY);
            }
            None if case.session.status.is_final() && case.session.text("/cryptogram").is_none() => {
                if let Some(told) = case.facts.member(&["/eci"]) {
                    self.told(&told, &["/eci"], "There is no proof (cryptogram) to hand over", source::LIABILITY);
                }
            }
            None => (),
        }
    }
}

fn posted(count: usize) -> String {
    if count == 1 { "posted once".into() } else { format!("posted {count} times") }
}

/// How many messages an app sent.
fn sent(count: usize) -> String {
    if count == 1 { "1 message from the app".into() } else { format!("{count} messages from the app") }
}

fn letter_words(letter: &str, stand_in: bool) -> &'static str {
    match letter {
        "Y" if stand_in => "The scheme says yes in the bank's place",
        "A" if stand_in => "The bank takes no part; the scheme gives a receipt in its place",
        _ if stand_in => "The scheme answers in the bank's place",
        "Y" => "The bank recognises its customer without asking",
        "A" => "The bank could not really check and gives a receipt",
        "N" => "The bank says no at once",
        "U" => "The bank could not check",
        "R" => "The bank says not even to try",
        "C" => "The bank wants to ask the shopper",
        "D" => "The bank wants to ask its customer by a way of its own",
        "I" => "The bank notes the data and checks nothing",
        "S" => "The bank wants the browser to prove the shopper",
        _ => "The bank's answer has no transStatus that the protocol knows",
    }
}

fn result_words(letter: &str) -> &'static str {
    match letter {
        "Y" => "The bank's own result: the shopper is known",
        "A" => "The bank's own result: attempted",
        "N" => "The bank's own result: no",
        "U" => "The bank's own result: could not be done",
        "R" => "The bank's own result: do not try",
        _ => "The bank's own result",
    }
}

/// `transStatus: N · transStatusReason: 19`.
fn fact(told: &Told<'_>, pointers: &[&str]) -> String {
    let facts = pointers.iter().filter_map(|pointer| {
        let value = match told.body.pointer(pointer)? {
            Value::String(text) if text.chars().count() > 60 => text.chars().take(60).chain(['…']).collect(),
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let words: Vec<&str> = items.iter().filter_map(Value::as_str).take(6).collect();
                format!("[{}]", words.join(", "))
            }
            Value::Object(_) => "{…}".into(),
            other => other.to_string(),
        };
        Some(format!("{}: {value}", pointer.trim_start_matches('/').replace('/', ".")))
    });
    let all = facts.collect::<Vec<_>>().join(" · ");
    if all.is_empty() { "no such member".into() } else { all }
}

/// Why there is no session (yet).
pub(super) fn without_session(facts: &Facts<'_>) -> Why {
    let refused = |entry: &Entry| {
        matches!(&entry.what, What::Failed(..))
            || merchant(entry).is_some_and(|call| call.status().is_none_or(|status| status >= 400))
    };
    let row = facts.rows(refused).next().or_else(|| facts.rows(|_| true).next());
    let mut why = Why {
        about: "no session".into(),
        answer: "There is no session yet: nothing was answered.".into(),
        more: String::new(),
        tone: Tone::Neutral,
        reasons: Vec::new(),
        unseen: None,
        change: Change { sentence: "Create the session: press Run.".into(), or: None, likely: false },
    };
    let Some(entry) = row else { return why };
    let (mut part, mut path, mut sentence) = (Part::Request, None, "This is the newest that happened".to_owned());
    let mut fact = super::row_name(&entry.what);
    match &entry.what {
        What::Failed(_, problem) => {
            why.tone = Tone::Bad;
            why.answer =
                format!("There is no session, because a step failed: {}.", problem.summary.trim_end_matches('.'));
            (sentence, fact) = ("This step did not come to its end".into(), problem.summary.clone());
            why.change.sentence = problem.hint.clone().unwrap_or_else(|| "Mend that, then send again.".into());
        }
        What::Exchange(call) => match call.response() {
            Some(answer) if answer.status >= 400 => {
                let codes = ApiError::read(&answer.body).map(|error| (error.codes, error.error_type));
                let code = codes.and_then(|(codes, kind)| codes.into_iter().next().or(Some(kind)));
                let named = code.as_deref().map(|code| format!(": {code}")).unwrap_or_default();
                why.tone = Tone::Bad;
                why.answer = format!(
                    "There is no session, because {} was refused with {}{named}.",
                    call.step.name(),
                    answer.status
                );
                sentence = "The API does not take this request".into();
                fact = format!("{}{named}", answer.status);
                part = Part::Response;
                let body = super::facts::read(&answer.body);
                let listed = |name: &str| body.as_ref().is_some_and(|body| body.get(name).is_some());
                path = ["error_codes", "error_type", "error"]
                    .into_iter()
                    .find(|name| listed(name))
                    .map(|name| format!("$.{name}"));
                let mend =
                    code.map(|code| explain::error_code(&code)).unwrap_or_else(|| "Look at the answer itself".into());
                why.change.sentence = format!("{mend}. Mend that and send it again.");
            }
            Some(_) => sentence = "This was answered, and it shows no session".into(),
            None => {
                why.tone = Tone::Bad;
                why.answer = format!("There is no session, because {} got no answer.", call.step.name());
                (sentence, fact) = ("Nothing came back".into(), "no answer".into());
                why.change.sentence = "Reach the other side, then send it again.".into();
            }
        },
        _ => (),
    }
    let link = reason(facts.run, entry, (part, path), (sentence, fact));
    why.reasons.push(Reason { source: source::ERRORS, decides: true, ..link });
    why
}
