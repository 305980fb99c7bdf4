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
//! | `P040` | No 3DS Method notification in time |
//! | `P041` | The 3DS Method notification came late |
//! | `P042` | The 3DS Method notification names another transaction |
//! | `P060` | 3-D Secure 1: the signature of the PARes is not good |
//! | `P061` | 3-D Secure 1: the PARes is about another transaction |
//! | `P062` | The scheme's answer was refused: `error_details` of the session |
//! | `P101`…`P405` | An Erro message with this code |
//! | `P400` | An Erro message with a code that the protocol does not know |
//! | `P490`…`P497` | Browser data: declared is not what the issuer's page saw |

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
pub(super) fn advice(code: &str) -> &'static str {
    match code {
        "402" | "403" | "405" => "It passes by itself: authenticate again later, with a new session",
        "404" => "Tell whoever runs that system; authenticate with another card meanwhile",
        "201" | "203" | "204" | "304" | "306" => "Mend the element that is named, then create a new session",
        "301" | "305" => "Check that the identifiers of one session were not mixed with those of another",
        "312" | "313" | "315" => "The first message counts; the repetition is ignored",
        _ => "Compare the message with the element that is named",
    }
}
