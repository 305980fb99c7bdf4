//! A message of the protocol, member by member: what must be there, what may, what each says.
//! Source: emv-3ds.md 2.1, 2.2, 3.7, 5.1, 5.2.

use bytes::Bytes;

use super::{Decoded, Found, Mark, Row, What};
use crate::model::codes;
use crate::model::fields::Kind as Field;
use crate::model::meaning::{self, Doc, Member};
use crate::model::payload::{self, Kind, Payload};

/// What a message holds.
struct Shape {
    /// `messageType`, if it has one.
    kind: Option<&'static str>,
    required: &'static [&'static str],
    /// What else there may be; `None` where we do not keep a list.
    optional: Option<&'static [&'static str]>,
}

const BROWSER_CREQ: Shape = Shape {
    kind: Some("CReq"),
    required: &["messageType", "messageVersion", "threeDSServerTransID", "acsTransID", "challengeWindowSize"],
    optional: Some(&["messageExtension"]),
};
const APP_CREQ: Shape = Shape {
    kind: Some("CReq"),
    required: &["messageType", "messageVersion", "threeDSServerTransID", "acsTransID", "sdkTransID", "sdkCounterStoA"],
    optional: Some(&[
        "threeDSRequestorAppURL",
        "oobAppURLInd",
        "challengeDataEntry",
        "challengeDataEntryTwo",
        "challengeNoEntry",
        "challengeHTMLDataEntry",
        "oobContinue",
        "resendChallenge",
        "challengeAddCode",
        "infoContinueIndicator",
        "challengeCancel",
        "whitelistingDataEntry",
        "trustListDataEntry",
        "deviceBindingDataEntry",
        "messageExtension",
        "challengeWindowSize",
    ]),
};
const FINAL_CRES: Shape = Shape {
    kind: Some("CRes"),
    required: &["messageType", "messageVersion", "threeDSServerTransID", "acsTransID", "transStatus"],
    optional: Some(&["challengeCompletionInd", "messageExtension", "sdkTransID", "acsCounterAtoS"]),
};
const APP_CRES: Shape = Shape {
    kind: Some("CRes"),
    required: &["messageType", "messageVersion", "threeDSServerTransID", "acsTransID", "sdkTransID", "acsCounterAtoS"],
    optional: None,
};
const ERRO: Shape = Shape {
    kind: Some("Erro"),
    required: &["messageType", "messageVersion", "errorCode", "errorComponent", "errorDescription"],
    optional: Some(&[
        "errorDetail",
        "errorMessageType",
        "threeDSServerTransID",
        "dsTransID",
        "acsTransID",
        "sdkTransID",
    ]),
};
const METHOD_DATA: Shape = Shape {
    kind: None,
    required: &["threeDSServerTransID"],
    optional: Some(&["threeDSMethodNotificationURL", "threeDSMethodId"]),
};
const ANY: Shape = Shape { kind: None, required: &["messageType", "messageVersion"], optional: None };

impl Shape {
    fn of(what: What, payload: &Payload) -> &'static Self {
        let has = |name| payload.member(name).is_some();
        let kind = payload.member("messageType");
        match (what, kind.as_deref()) {
            (What::MethodData, _) => &METHOD_DATA,
            (What::Creq, _) | (What::Message, Some("CReq")) if has("sdkTransID") => &APP_CREQ,
            (What::Creq, _) | (What::Message, Some("CReq")) => &BROWSER_CREQ,
            (What::Message, Some("CRes")) if has("sdkTransID") && !has("transStatus") => &APP_CRES,
            (What::Cres, _) | (What::Message, Some("CRes")) => &FINAL_CRES,
            (What::Erro, _) | (What::Message, Some("Erro")) => &ERRO,
            _ => &ANY,
        }
    }
}

/// Reads a message and says what is not as it is due.
pub(super) fn checked(what: What, bytes: &[u8], found: &Found<'_>) -> Decoded {
    let mut one = Decoded::new(what, found);
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let payload = Payload::read(&Bytes::copy_from_slice(bare), Some("application/json"));
    let is_object = matches!(payload.rows().first().map(|row| row.kind), Some(Kind::Open { array: false, .. }));
    if !is_object {
        let why = payload.note.clone().unwrap_or_else(|| "a message is one JSON object".into());
        one.marks.push(Mark::wrong(format!("Not a JSON object: {why}. It was cut, or is none of the protocol's")));
        return one;
    }
    let shape = Shape::of(what, &payload);
    let top = payload.rows().iter().enumerate().filter(|(_, row)| row.parent == Some(0) && row.key.is_some());
    let mut names = Vec::new();
    for (at, member) in top {
        let name = payload.key(member).unwrap_or_default();
        let value = match member.kind {
            Kind::Open { .. } => payload.text(&member.value).into_owned(),
            _ => payload.value(member),
        };
        let path = payload.path(at);
        let is_text = member.kind == Kind::Text;
        let mut row = row(
            &Member {
                doc: Doc::Emv,
                path: &path,
                value: &value,
                text: is_text,
                scheme: found.context.scheme,
                currency: "",
            },
            &name,
        );
        let allowed = shape.optional.is_none_or(|optional| optional.contains(&name.as_str()));
        if member.repeated {
            row.mark = Some(Mark::wrong("Stands twice: the receiver answers error 204"));
        } else if !allowed && !shape.required.contains(&name.as_str()) {
            row.mark = Some(Mark::odd("Does not belong here: the receiver may answer error 203"));
        } else if std::ptr::eq(shape, &FINAL_CRES) && name == "transStatus" {
            let bad = codes::said(codes::FINAL_STATUS, &value).is_none();
            row.mark = bad.then(|| Mark::wrong("A final CRes says Y or N (2.3.1: also D)"));
        }
        names.push(name);
        one.rows.push(row);
    }
    for name in shape.required.iter().filter(|name| !names.iter().any(|there| there == *name)) {
        let mark = Mark::wrong(format!("{name} is missing: the receiver answers error 201"));
        one.rows.push(Row::new(name, "", "").marked(Some(mark)));
    }
    kind_fits(shape, &payload, &mut one);
    one
}

fn kind_fits(shape: &Shape, payload: &Payload, one: &mut Decoded) {
    let Some((due, said)) = shape.kind.zip(payload.member("messageType")) else { return };
    if due != said {
        one.marks
            .push(Mark::wrong(format!("It says that it is {}, where {due} is due: error 101", said.escape_debug())));
    }
}

/// One member in words.
fn row(member: &Member<'_>, name: &str) -> Row {
    let Some(entry) = meaning::entry(Doc::Emv, member.path) else { return Row::new(name, member.value, "") };
    let words = meaning::value_words(entry.kind, member.value, member.scheme, member.currency);
    let words = words.or_else(|| super::value::words(entry.kind, member.value));
    let words = words.map_or_else(|| entry.hint.to_owned(), std::borrow::Cow::into_owned);
    let fault = match entry.kind {
        meaning::Kind::Is(Field::Object | Field::List) => payload::tree(member.value.as_bytes())
            .filter(|value| {
                meaning::Kind::Is(Field::Object) == entry.kind && !value.is_object()
                    || meaning::Kind::Is(Field::List) == entry.kind && !value.is_array()
            })
            .map(|_| format!("{name} has the wrong type")),
        // No type of the protocol's own is a number: its codes are text.
        kind if !member.text && !matches!(kind, meaning::Kind::Is(Field::Boolean | Field::AnyText)) => {
            Some(format!("{name} is text in quotes, not {}", super::text::cut(member.value, 40)))
        }
        kind => meaning::fault(kind, member),
    };
    Row::new(name, member.value, words).marked(fault.map(Mark::wrong))
}
