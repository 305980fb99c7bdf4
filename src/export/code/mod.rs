//! An exchange as a program that sends it again: for a shell, or in a language with its
//! usual HTTP library.
//!
//! Promises: method, address, header lines and the body's bytes are those of the record;
//! secrets are environment variables, the same in every language; whatever the record
//! holds, it stays inside the literals ([`literal`] has the one escaper of each language);
//! redirects are not followed, so that the answer is the one of this request. Host, length
//! and framing are left to the library, which makes them from address and body. Does not
//! know: who shows or copies it.

mod curl;
mod httpie;
mod literal;
mod managed;
mod native;
mod script;
mod sent;

use serde::{Deserialize, Serialize};

pub use sent::{Secrets, Variable, masks, variables};

use crate::model::exchange::Exchange;
use sent::Sent;

/// What the code is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `curl` in a POSIX shell.
    #[default]
    Curl,
    /// HTTPie in a POSIX shell.
    Httpie,
    /// Rust with reqwest.
    Rust,
    /// Python with requests.
    Python,
    /// JavaScript with fetch.
    JavaScript,
    /// Java with `java.net.http`.
    Java,
    /// Go with `net/http`.
    Go,
    /// C# with `HttpClient`.
    CSharp,
    /// PHP with its curl extension.
    Php,
}

impl Language {
    /// All, in the order offered.
    pub const ALL: [Self; 9] = [
        Self::Curl,
        Self::Httpie,
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::Java,
        Self::Go,
        Self::CSharp,
        Self::Php,
    ];

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Httpie => "HTTPie",
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Java => "Java",
            Self::Go => "Go",
            Self::CSharp => "C#",
            Self::Php => "PHP",
        }
    }

    /// What it needs to run.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Curl => "curl, in a POSIX shell",
            Self::Httpie => "HTTPie 3 or newer, in a POSIX shell",
            Self::Rust => "reqwest 0.12 or newer; tokio with rt-multi-thread and macros",
            Self::Python => "Python 3 with requests",
            Self::JavaScript => "Node 18 or newer, as an .mjs file",
            Self::Java => "Java 11 or newer, as Main.java",
            Self::Go => "Go 1.18 or newer",
            Self::CSharp => ".NET 6 or newer, as Program.cs",
            Self::Php => "PHP 7 or newer with the curl extension",
        }
    }
}

/// The program that sends an exchange's request again.
pub fn code(language: Language, exchange: &Exchange, secrets: Secrets) -> String {
    let sent = Sent::of(exchange, secrets);
    match language {
        Language::Curl => curl::write(&sent),
        Language::Httpie => httpie::write(&sent),
        Language::Rust => native::rust(&sent),
        Language::Python => script::python(&sent),
        Language::JavaScript => script::javascript(&sent),
        Language::Java => managed::java(&sent),
        Language::Go => native::go(&sent),
        Language::CSharp => managed::csharp(&sent),
        Language::Php => script::php(&sent),
    }
}

#[cfg(test)]
mod tests;
