//! The file as browsers and proxies write it (HAR 1.2), read within caps: entries are
//! counted, long texts are measured and let go. Unknown members are passed over.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

/// Most entries of a file. Source: trust.md R61.
pub const MOST_ENTRIES: usize = 50_000;
/// Longest text that is kept, in bytes. Source: trust.md R61.
pub const LONGEST_TEXT: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub log: Log,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    pub creator: Option<Creator>,
    pub entries: Entries,
}

#[derive(Debug, Deserialize)]
pub(super) struct Creator {
    pub name: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub started_date_time: Text,
    /// Milliseconds.
    pub time: Option<f64>,
    pub request: Request,
    pub response: Option<Response>,
    pub timings: Option<Timings>,
    /// Chrome's reason why there is no answer.
    #[serde(rename = "_error")]
    pub error: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub method: Text,
    pub url: Text,
    #[serde(default)]
    pub headers: Vec<Pair>,
    pub post_data: Option<PostData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostData {
    pub text: Option<Text>,
    /// The fields of a form, from writers that give no text.
    #[serde(default)]
    pub params: Vec<Pair>,
    /// `base64`, from proxies.
    #[serde(alias = "_encoding")]
    pub encoding: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(default)]
    pub status: i64,
    pub http_version: Option<Text>,
    #[serde(default)]
    pub headers: Vec<Pair>,
    pub content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    /// Bytes.
    pub size: Option<f64>,
    pub mime_type: Option<Text>,
    pub text: Option<Text>,
    /// `base64`.
    pub encoding: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub name: Text,
    #[serde(default)]
    pub value: Text,
}

/// Milliseconds each; −1 or absent where it does not apply.
#[derive(Debug, Deserialize)]
pub(super) struct Timings {
    pub blocked: Option<f64>,
    pub dns: Option<f64>,
    pub connect: Option<f64>,
    pub send: Option<f64>,
    pub wait: Option<f64>,
    pub receive: Option<f64>,
}

/// A text, or how many bytes it had if it was too long to keep.
#[derive(Debug)]
pub(super) enum Text {
    Kept(String),
    Long(usize),
}

impl Default for Text {
    fn default() -> Self {
        Self::Kept(String::new())
    }
}

impl Text {
    /// The text; nothing in place of a long one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Kept(text) => text,
            Self::Long(_) => "",
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(if text.len() > LONGEST_TEXT { Text::Long(text.len()) } else { Text::Kept(text.to_owned()) })
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
            // Some writers give a form's value as they found it.
            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text::Kept(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
                Ok(Text::Kept(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
                Ok(Text::Kept(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
                Ok(Text::Kept(value.to_string()))
            }
        }
        from.deserialize_any(Reader)
    }
}

#[derive(Debug)]
pub(super) struct Entries(pub Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entries")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == MOST_ENTRIES {
                        return Err(A::Error::custom(format!("it has more than {MOST_ENTRIES} entries")));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_seq(Reader)
    }
}
