//! The findings' names for trouble in the protocol, as one table, and what the schemes' own
//! error codes mean. Pure tables. Source: emv-3ds.md 1.9, 3.7; ours are the numbers below 100
//! and from 490 on.
//!
//! | Rule | What |
//! |---|---|
//! | `P001` | A message cannot be read: cut, no JSON, no base64 |
//! | `P002` | A message has no answer, or was not passed on: lost |
//! | `P003` | A message came late: after its timer, or after what should have followed it |
//! | `P004` | A message came twice |
//! | `P005` | The result that came through the browser is not the server's |
//! | `P006` | The session says something else than the scheme's message |
//! | `P007` | A message names another transaction |
//! | `P008` | `threeDSSessionData` did not come back unchanged |
//! | `P009` | A message came in the wrong order, or where none belongs |
//! | `P010` | A member is missing, or has a value that the protocol does not know |
//! | `P011` | The protocol version changed on the way |
//! | `P012` | The session went from one state to another where there is no such way |
//! | `P020` | A callback came before the result |
//! | `P022` | A callback names another session |
//! | `P023` | A callback contradicts an earlier one, or the session |
//! | `P024` | Something reached the listener that nobody expected |
//! | `P025` | No callback came |
//! | `P026` | A callback cannot be read |
//! | `P027` | A webhook's signature cannot be right |
//! | `P030` | A page that the browser asked for answered with an error |
//! | `P031` | No answer: the connection ended |
//! | `P032` | The API failed (5xx) |
//! | `P033` | An answer ends too early |
//! | `P034` | An answer took long |
//! | `P035` | The API's answer is no JSON |
//! | `P036` | The API refused a request (4xx) |
//! | `P037` | The API refused an action that the session's state does not allow |
//! | `P038` | The API took an action that the session's state does not allow |
//! | `P040` | No 3DS Method notification in time |
//! | `P041` | The 3DS Method notification came late |
//! | `P042` | The 3DS Method notification names another transaction |
//! | `P060` | 3-D Secure 1: the signature of the PARes is not good |
//! | `P061` | 3-D Secure 1: the PARes is about another transaction |
//! | `P062` | The scheme's answer was refused: `error_details` of the session |
//! | `P101`…`P405` | An Erro message with this code |
//! | `P400` | An Erro message with a code that the protocol does not know |
//! | `P490`…`P497` | Browser data: declared is not what the issuer's page saw |

use crate::model::Lane;
use crate::model::exchange::Step;
use crate::model::run::What;

/// A code of the schemes: the finding's name, the code, what it means.
type Code = (&'static str, &'static str, &'static str);

/// Source: emv-3ds.md 3.7.
const CODES: [Code; 26] = [
    ("P101", "101", "message invalid, or for somebody else"),
    ("P102", "102", "protocol version not supported"),
    ("P103", "103", "card ranges asked for too often"),
    ("P201", "201", "required element missing"),
    ("P202", "202", "critical extension not understood"),
    ("P203", "203", "format or value of an element invalid"),
    ("P204", "204", "element given twice"),
    ("P205", "205", "card ranges overlap"),
    ("P206", "206", "bad action for a card range"),
    ("P207", "207", "reserved value used"),
    ("P301", "301", "transaction unknown"),
    ("P302", "302", "decryption failed"),
    ("P303", "303", "access denied"),
    ("P304", "304", "ISO code invalid"),
    ("P305", "305", "transaction data not valid"),
    ("P306", "306", "merchant category code invalid"),
    ("P307", "307", "serial number invalid"),
    ("P308", "308", "signature of the SDK's server not good"),
    ("P309", "309", "content security policy not valid"),
    ("P310", "310", "wrong cryptographic algorithm"),
    ("P311", "311", "key id wrong or missing"),
    ("P312", "312", "message sent twice"),
    ("P313", "313", "result without a challenge"),
    ("P314", "314", "second challenge request not supported"),
    ("P315", "315", "challenge request after the result"),
    ("P402", "402", "timed out"),
];
/// As above.
const LATER: [Code; 3] = [
    ("P403", "403", "passing failure of a system"),
    ("P404", "404", "lasting failure of a system"),
    ("P405", "405", "connection failed"),
];

/// The finding's name and the meaning of an error code.
pub(super) fn code(code: &str) -> (&'static str, &'static str) {
    let known = CODES.iter().chain(&LATER).find(|(_, known, _)| *known == code);
    known.map_or(("P400", "a code that the protocol does not know"), |(rule, _, meaning)| (rule, meaning))
}

/// What an error code means: `timed out`.
pub(crate) fn meaning(error: &str) -> &'static str {
    code(error).1
}

/// Who raised an error. Source: emv-3ds.md 3.7.
pub(super) fn component(letter: &str) -> &'static str {
    match letter {
        "A" => "the issuer (ACS)",
        "D" => "the directory server",
        "S" => "the 3DS Server",
        "C" => "the app's SDK",
        _ => "an unnamed component",
    }
}

/// What an error means for the session, by the message that it is about.
pub(super) fn consequence(about: &str) -> &'static str {
    match about {
        "AReq" | "ARes" => "The authentication ended there: expect the session unavailable, with ares_error",
        "CReq" | "CRes" => {
            "The challenge did not open or go on for this request; the session waits or runs out of time"
        }
        "RReq" | "RRes" => {
            "The result was not taken over by this message; without another one expect the session unavailable"
        }
        "PReq" | "PRes" => "The list of card ranges was not renewed; older ranges stay in use",
        _ => "Nobody acts on the message it is about",
    }
}

/// What a merchant can do about an error code.
pub(crate) fn advice(code: &str) -> &'static str {
    match code {
        "402" | "403" | "405" => "It passes by itself: authenticate again later, with a new session",
        "404" => "Tell whoever runs that system; authenticate with another card meanwhile",
        "201" | "203" | "204" | "304" | "306" => "Mend the element that is named, then create a new session",
        "301" | "305" => "Check that the identifiers of one session were not mixed with those of another",
        "312" | "313" | "315" => "The first message counts; the repetition is ignored",
        _ => "Compare the message with the element that is named",
    }
}

/// A rule, the document it follows from, and what would have kept its finding away.
type Rule = (&'static str, &'static str, &'static str);

const HAND_OFF: &str = "EMV 3DS, browser hand-offs; RFC 7515";
const ORDER: &str = "EMV 3DS, message flow";
const TIMERS: &str = "EMV 3DS, time-outs";
const MEMBERS: &str = "EMV 3DS, data elements";
const RESULT: &str = "EMV 3DS, RReq and CRes";
const METHOD: &str = "EMV 3DS, 3DS Method";
const LEGACY: &str = "3-D Secure 1.0.2, PAReq and PARes";
const ERRORS: &str = "EMV 3DS, error codes";
const CALLBACK: &str = "Sessions API, callback";
const STATES: &str = "Sessions API, states and actions";
const API_ERRORS: &str = "Sessions API, errors";
const PROOF: &str = "Sessions API, using an authenticated session";
const OURS: &str = "Our own rule";

/// The documents by the names they have outside; chapters by name, since their numbers differ
/// from version to version.
const RULES: &[Rule] = &[
    ("L01", HAND_OFF, "Write base64url without padding, +, / or white space."),
    ("L02", HAND_OFF, "Percent-encode the form: a bare + is a blank."),
    ("L06", "RFC 6265bis, SameSite", "Set SameSite=None; Secure, or find the session by its identifiers."),
    ("L09", "Content Security Policy; EMV 3DS, challenge window", "Allow https: for frames and forms."),
    ("L10", "EMV 3DS, challenge window", "Give the frame the rights that the specification lists, and no more."),
    ("L12", OURS, "A browser that lets frames set cookies."),
    ("L24", MEMBERS, "Send with recurring and instalment payments what the shopper agreed to."),
    ("L25", MEMBERS, "Five digits, 00001 to 10080, and only where decoupled is allowed."),
    ("L26", "EMV 3DS, differences between versions", "Write each member as the version has it that is spoken."),
    ("L28", METHOD, "Say Y only after a notification, N when none came within 10 s, U only where no address is given."),
    ("L29", METHOD, "One threeDSServerTransID for Method and AReq."),
    ("L30", TIMERS, "Open the bank's page within 30 s after the session is challenged."),
    ("L31", TIMERS, "Keep the bank's page open until the session is final, or 10 minutes."),
    ("L32", RESULT, "Read the session with your own credentials before you authorise."),
    ("L33", CALLBACK, "Remember the session's identifier and act once."),
    ("L34", "The schemes' ECI tables", "Hand over the ECI that the session gives, read by its scheme."),
    ("L35", PROOF, "Hand over the cryptogram byte for byte."),
    ("L36", PROOF, "Hand over cryptogram, ECI and the directory's transaction id."),
    ("L37", "EMV 3DS, transStatus R", "Ask for another card after R."),
    ("L38", "EMV 3DS, transStatusReason 04", "Wait before the same card is tried again."),
    ("L39", PROOF, "Authenticate the amount and currency that are authorised."),
    ("L40", LEGACY, "Deflate, base64 and percent-encode PaReq; send MD; encode TermUrl once."),
    ("L41", HAND_OFF, "Read the CRes tolerantly; the bank should post a plain form."),
    ("L42", "EMV 3DS, sdkEphemPubKey", "A point on P-256, each coordinate 32 bytes."),
    ("L43", "EMV 3DS, app channel counters", "Three digits, each one more than the one before."),
    ("L44", "EMV 3DS, acsHTML", "base64url of a page that needs nothing from elsewhere."),
    ("L45", MEMBERS, "Leave out browser and app where no shopper is there."),
    ("L48", OURS, "Answer 200 at once and work afterwards."),
    ("P001", MEMBERS, "Had the message arrived whole."),
    ("P002", ORDER, "Had the message and its answer arrived."),
    ("P003", TIMERS, "Had it come in time: servers wait 10 s, and nothing counts after a final state."),
    ("P004", ORDER, "Had it been sent once; the first one counts."),
    ("P005", RESULT, "Had the browser brought what the bank told the server. Decide by the session alone."),
    ("P006", RESULT, "Had the session taken over what the message says."),
    ("P007", MEMBERS, "Had it named this transaction."),
    ("P008", HAND_OFF, "Had threeDSSessionData come back unchanged."),
    ("P009", ORDER, "Had it come in the order of the protocol."),
    ("P010", MEMBERS, "Had the member been there with a value that the protocol knows."),
    ("P011", "EMV 3DS, messageVersion", "Had every message spoken the version of the first."),
    ("P012", STATES, "Had the session gone a way that its state machine has."),
    ("P020", CALLBACK, "Had the callback come after the session was final: it is sent by complete."),
    ("P022", CALLBACK, "Had it named the session whose address it came to."),
    ("P023", CALLBACK, "Had callback and session said the same. Go by the session."),
    ("P024", OURS, "Had it come to an address that was given out, when something was due."),
    ("P025", CALLBACK, "Had the callback arrived; a shop must be able to do without."),
    ("P026", CALLBACK, "Had its body been whole JSON."),
    ("P027", "Sessions API, webhooks", "Had it been signed with the key: 64 hexadecimal digits."),
    ("P030", OURS, "Had the page answered; offer the shopper a way back to the shop."),
    ("P031", OURS, "Had the other side answered. Read the session before you send it again."),
    ("P032", API_ERRORS, "Had the API not failed. Read the session, then send it again."),
    ("P033", OURS, "Had the whole answer arrived."),
    ("P034", OURS, "Had it been faster."),
    ("P035", API_ERRORS, "Had the answer been JSON."),
    ("P036", API_ERRORS, "Mend what the codes name, then send it again."),
    ("P037", STATES, "Send it while next_actions offers it; read the session first."),
    ("P038", STATES, "Send it only while next_actions offers it: elsewhere it is refused with 403."),
    ("P040", METHOD, "Had the bank's page notified within 10 s."),
    ("P041", METHOD, "Had the notification come within 10 s."),
    ("P042", METHOD, "Had the notification named this transaction."),
    ("P060", LEGACY, "Had the bank signed its PARes."),
    ("P061", LEGACY, "Had the PARes been about this purchase: xid, amount, currency."),
    ("P062", ERRORS, "Had every message between the servers been taken. Try again with a new session."),
];

fn rule(name: &str) -> Rule {
    let known = RULES.iter().find(|(rule, ..)| *rule == name).copied();
    known.unwrap_or_else(|| match name.strip_prefix("P49") {
        Some(_) => {
            ("", "EMV 3DS, browser information", "Collect the data in the very browser that loads the bank's frame.")
        }
        None => {
            let code = name.strip_prefix('P').unwrap_or_default();
            ("", ERRORS, if code == "400" { "Had the message been taken." } else { advice(code) })
        }
    })
}

/// The document that a rule follows from, as it is known outside.
pub(super) fn source(name: &str) -> &'static str {
    rule(name).1
}

/// What would have kept a rule's finding away.
pub fn mend(name: &str) -> &'static str {
    rule(name).2
}

/// The rules that look at a row of this kind, for a row that none of them has anything to say of.
pub fn looked(what: &What) -> &'static [&'static str] {
    match what {
        What::Exchange(exchange) if exchange.from == Lane::Browser => {
            &["L01", "L02", "L06", "L09", "L10", "L40", "P001", "P007", "P008", "P030", "P031", "P033", "P034"]
        }
        What::Exchange(exchange) if exchange.step == Step::Authorise => {
            &["L32", "L34", "L35", "L36", "L37", "L39", "P031", "P032", "P033", "P034", "P035", "P036"]
        }
        What::Exchange(_) => &[
            "L28", "L34", "L36", "L37", "L38", "P007", "P010", "P012", "P025", "P031", "P032", "P033", "P034", "P035",
            "P036", "P037", "P038", "P040", "P060", "P061", "P062",
        ],
        What::Delivery(_) => &[
            "L01", "L02", "L33", "L41", "L48", "P001", "P003", "P004", "P005", "P007", "P008", "P010", "P020", "P022",
            "P023", "P024", "P026", "P027", "P041", "P042",
        ],
        What::Scheme(_) => &[
            "L12",
            "L24",
            "L25",
            "L26",
            "L29",
            "L30",
            "L42",
            "L43",
            "L44",
            "L45",
            "P001",
            "P002",
            "P003",
            "P004",
            "P005",
            "P006",
            "P007",
            "P009",
            "P010",
            "P011",
            "P034",
            "P101…P405",
            "P490…P497",
        ],
        What::Cancelled => &["L31"],
        What::Phone(_) | What::Wait(_) | What::Skipped(_) | What::Paused(_) | What::Noted(..) | What::Failed(..) => &[],
    }
}
