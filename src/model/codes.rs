//! The dictionaries of the field, as data: what a code of the protocol says, by scheme where
//! schemes disagree; currencies and countries by number. Pure tables.
//! Source: emv-3ds.md 3; ISO 4217; ISO 3166.

use super::fields::words::{Word, word};

/// What a code says in a list; `None` for a code that the list does not have.
pub fn said(list: &'static [Word], code: &str) -> Option<&'static str> {
    list.iter().find(|word| word.word == code).map(|word| word.meaning)
}

/// `transStatus`. Source: emv-3ds.md 3.1.
pub const TRANS_STATUS: &[Word] = &[
    word("Y", "authenticated"),
    word("A", "attempted"),
    word("N", "not authenticated"),
    word("U", "could not be checked"),
    word("C", "challenge wanted"),
    word("D", "decoupled challenge"),
    word("R", "rejected"),
    word("I", "information only"),
    word("S", "challenge by secure payment confirmation"),
];
/// `transStatus` in a final CRes. Source: emv-3ds.md 1.2, rule 4.
pub const FINAL_STATUS: &[Word] =
    &[word("Y", "authenticated"), word("N", "not authenticated"), word("D", "decoupled challenge, 2.3.1")];
/// `status` of 3-D Secure 1. Source: emv-3ds.md 2.3.
pub const LEGACY_STATUS: &[Word] = &[
    word("Y", "authenticated"),
    word("A", "attempted"),
    word("N", "not authenticated"),
    word("U", "could not be checked"),
];
/// `transStatusReason` as every scheme means it. Source: emv-3ds.md 3.2.
pub const REASONS: &[Word] = &[
    word("01", "card authentication failed"),
    word("02", "unknown device"),
    word("03", "unsupported device"),
    word("04", "too many authentications recently"),
    word("05", "expired card"),
    word("06", "invalid card number"),
    word("07", "invalid transaction"),
    word("08", "no card record"),
    word("09", "security failure"),
    word("10", "stolen card"),
    word("11", "suspected fraud"),
    word("12", "not permitted to the cardholder"),
    word("13", "cardholder not enrolled"),
    word("14", "timed out at the bank"),
    word("15", "low confidence"),
    word("16", "medium confidence"),
    word("17", "high confidence"),
    word("18", "very high confidence"),
    word("19", "more challenges than the bank allows"),
    word("20", "non-payment not supported"),
    word("21", "payments without the shopper not supported"),
    word("22", "technical trouble at the bank"),
    word("23", "decoupled needed, but not asked for"),
    word("24", "time for decoupled ran out"),
    word("25", "time for decoupled too short, not tried"),
    word("26", "tried, but the cardholder did nothing"),
    word("27", "preferred method not supported"),
    word("28", "content security policy failed"),
    word("29", "not finished, decoupled follows"),
    word("30", "done, but more is needed: start decoupled"),
];
/// Visa's own reasons. Source: emv-3ds.md 3.2.
const VISA_REASONS: &[Word] = &[
    word("80", "Visa could not connect to the bank"),
    word("81", "the bank timed out"),
    word("82", "invalid answer of the bank"),
    word("83", "system error of the bank"),
    word("84", "merchant not eligible for the programme"),
    word("85", "merchant not eligible for the programme"),
    word("86", "version not supported by the bank"),
    word("87", "excluded from attempts"),
    word("88", "programme not supported by the bank"),
];
/// Mastercard's own reasons. Source: emv-3ds.md 3.2.
const MASTERCARD_REASONS: &[Word] =
    &[word("80", "data only"), word("81", "exemption accepted"), word("82", "mandated challenge could not be done")];
/// What to do about a reason. Source: emv-3ds.md 3.2.
const ADVICE: &[Word] = &[
    word("01", "Ask for another card."),
    word("02", "Try again on a device that the bank knows."),
    word("03", "Use another channel."),
    word("04", "Wait before trying again."),
    word("05", "Ask for the new expiry date."),
    word("06", "Have the number entered again."),
    word("07", "Check amount, currency and merchant category."),
    word("08", "Wrong card range, or a test card that is none here."),
    word("09", "Check certificates and signing."),
    word("10", "Stop, do not try again."),
    word("11", "Stop, do not try again."),
    word("12", "Ask for another card."),
    word("13", "Another card, or go on without 3-D Secure."),
    word("14", "Try once more."),
    word("19", "Too many wrong answers: a new session, or another card."),
    word("20", "Use the category payment."),
    word("21", "Authenticate with the shopper there."),
    word("22", "Try again later."),
    word("23", "Allow decoupled authentication in the request."),
    word("24", "Give the shopper longer."),
    word("25", "Give the shopper longer."),
    word("26", "The shopper walked away: offer to try again."),
    word("28", "Mend the page's headers."),
    word("29", "Wait for the result."),
    word("30", "Start a decoupled authentication."),
];

/// What a `transStatusReason` says at a scheme.
pub fn reason(scheme: &str, code: &str) -> Option<&'static str> {
    let own = match scheme {
        "visa" => said(VISA_REASONS, code),
        "mastercard" => said(MASTERCARD_REASONS, code),
        _ => None,
    };
    own.or_else(|| said(REASONS, code))
}

/// What to do about a `transStatusReason`.
pub fn advice(code: &str) -> Option<&'static str> {
    said(ADVICE, code)
}

/// `threeDSRequestorChallengeInd`. Source: emv-3ds.md 3.5.
pub const CHALLENGE_WISH: &[Word] = &[
    word("01", "no preference"),
    word("02", "no challenge, please"),
    word("03", "challenge, by preference"),
    word("04", "challenge, by mandate"),
    word("05", "none: risk analysis was done"),
    word("06", "none: data share only"),
    word("07", "none: strong authentication was done already"),
    word("08", "none: shop is on the trust list"),
    word("09", "challenge, and offer the trust list"),
    word("10", "none: low value"),
    word("11", "none: secure corporate payment"),
    word("12", "challenge, and offer to bind the device"),
    word("13", "challenge: the bank asked for it"),
    word("14", "challenge, for later payments without the shopper"),
];
/// `challengeCancel`. Source: emv-3ds.md 3.6.
pub const CANCEL: &[Word] = &[
    word("01", "the cardholder cancelled"),
    word("02", "reserved"),
    word("03", "decoupled timed out"),
    word("04", "timed out at the bank"),
    word("05", "the first CReq never came"),
    word("06", "transaction error"),
    word("07", "unknown"),
    word("08", "timed out in the app"),
    word("09", "an error came for a CRes"),
    word("10", "an error was sent for a CReq"),
];
/// `authenticationType`. Source: emv-3ds.md 3.6.
pub const AUTHENTICATION: &[Word] = &[
    word("01", "static password"),
    word("02", "dynamic password"),
    word("03", "out of band"),
    word("04", "decoupled"),
];
/// `authenticationMethod`, from 2.3.1 on. Source: emv-3ds.md 3.6.
pub const METHODS: &[Word] = &[
    word("01", "static passcode"),
    word("02", "code by text message"),
    word("03", "code of a key fob or card reader"),
    word("04", "code of an app"),
    word("05", "code by another way"),
    word("06", "something the shopper knows"),
    word("07", "out of band, by finger or face"),
    word("08", "out of band, by login"),
    word("09", "out of band, another way"),
    word("10", "another way"),
    word("11", "confirmed on a message to the phone"),
    word("12", "decoupled"),
    word("13", "WebAuthn"),
    word("14", "secure payment confirmation"),
    word("15", "by behaviour"),
    word("16", "electronic id"),
];
/// `messageCategory`. Source: emv-3ds.md 3.6.
pub const CATEGORY: &[Word] = &[word("01", "payment"), word("02", "non-payment")];
/// `deviceChannel`. Source: emv-3ds.md 3.6.
pub const CHANNEL: &[Word] = &[word("01", "app"), word("02", "browser"), word("03", "merchant-initiated")];
/// `threeDSRequestorAuthenticationInd`. Source: emv-3ds.md 3.6.
pub const PURPOSE: &[Word] = &[
    word("01", "payment"),
    word("02", "recurring"),
    word("03", "instalment"),
    word("04", "add card"),
    word("05", "maintain card"),
    word("06", "token verification"),
    word("07", "billing agreement"),
    word("08", "split shipment"),
    word("09", "delayed shipment"),
    word("10", "split payment"),
];
/// `threeRIInd`. Source: emv-3ds.md 3.6.
pub const INITIATED: &[Word] = &[
    word("01", "recurring"),
    word("02", "instalment"),
    word("03", "add card"),
    word("04", "maintain card"),
    word("05", "account verification"),
    word("06", "split payment or delayed shipment"),
    word("07", "top-up"),
    word("08", "mail order"),
    word("09", "phone order"),
    word("10", "trust-list check"),
    word("11", "other payment"),
    word("12", "billing agreement"),
    word("13", "device-binding check"),
    word("14", "security-code check"),
    word("15", "delayed shipment"),
    word("16", "split payment"),
    word("17", "FIDO delete"),
    word("18", "FIDO register"),
    word("19", "decoupled fallback"),
];
/// `transType`. Source: emv-3ds.md 3.6.
pub const PURCHASE_TYPE: &[Word] = &[
    word("01", "goods or service"),
    word("03", "cheque acceptance"),
    word("10", "account funding"),
    word("11", "quasi-cash"),
    word("28", "prepaid load"),
];
/// `resultsStatus`. Source: emv-3ds.md 3.6.
pub const RESULTS_STATUS: &[Word] = &[
    word("01", "received"),
    word("02", "challenge not run, by the shop's wish"),
    word("03", "ARes never reached the shop"),
    word("04", "decoupled will follow"),
];
/// `challengeWindowSize`. Source: emv-3ds.md 2.2.
pub const WINDOW: &[Word] = &[
    word("01", "250 × 400 pixels"),
    word("02", "390 × 400 pixels"),
    word("03", "500 × 600 pixels"),
    word("04", "600 × 400 pixels"),
    word("05", "full screen"),
];
/// `threeDSCompInd`. Source: emv-3ds.md 2.1.
pub const METHOD: &[Word] =
    &[word("Y", "the Method notified in time"), word("N", "tried, not notified in time"), word("U", "not tried")];
/// Yes or no, as a letter.
pub const YES_NO: &[Word] = &[word("Y", "yes"), word("N", "no")];
/// `acsUiType`. Source: emv-3ds.md 1.8, 5.2.
pub const UI: &[Word] = &[
    word("01", "text entry"),
    word("02", "one choice"),
    word("03", "several choices"),
    word("04", "out of band"),
    word("05", "HTML"),
    word("06", "HTML, out of band"),
    word("07", "information"),
];
/// `sdkInterface`. Source: emv-3ds.md 4.2.
pub const INTERFACE: &[Word] = &[word("01", "native"), word("02", "HTML"), word("03", "both")];
/// `acsInterface`. Source: emv-3ds.md 4.2.
pub const ACS_INTERFACE: &[Word] = &[word("01", "native"), word("02", "HTML")];
/// `sdkType`. Source: emv-3ds.md 4.2.
pub const SDK_TYPE: &[Word] =
    &[word("01", "default"), word("02", "split"), word("03", "limited"), word("04", "browser"), word("05", "shell")];
/// `deviceUserInterfaceMode`. Source: emv-3ds.md 1.8; the words are those of EMV 3DS 2.3.1.
pub const DEVICE_MODE: &[Word] =
    &[word("01", "upright"), word("02", "across"), word("03", "by voice"), word("04", "another way")];
/// `challengeEntryKeyboard`. Source: emv-3ds.md 5.2.
pub const KEYBOARD: &[Word] = &[word("01", "digits"), word("02", "letters and digits")];
/// `oobAppURLInd`. Source: emv-3ds.md 5.1.
pub const OOB_APP: &[Word] =
    &[word("01", "the SDK can open it"), word("02", "the SDK cannot open it"), word("03", "the SDK cannot open it")];
/// `oobContinue`, from 2.3.1 on. Source: emv-3ds.md 5.1.
pub const OOB_CONTINUE: &[Word] = &[word("01", "the button was pressed"), word("02", "the app came back by itself")];
/// `spcIncompInd`. Source: EMV 3DS 2.3.1, secure payment confirmation.
pub const SPC_INCOMPLETE: &[Word] =
    &[word("01", "it did not run, or failed"), word("02", "the cardholder cancelled"), word("03", "it timed out")];
/// `recurringInd.amountInd`, `recurringInd.frequencyInd`. Source: EMV 3DS 2.3.1.
pub const FIXED: &[Word] = &[word("01", "always the same"), word("02", "not always the same")];
/// `payTokenSource`. Source: EMV 3DS 2.2.0.
pub const TOKEN_SOURCE: &[Word] = &[word("01", "the 3DS Server"), word("02", "the directory server")];
/// `acsInfoInd`. Source: emv-3ds.md 3.6.
pub const RANGE_INFO: &[Word] = &[
    word("01", "authenticates"),
    word("02", "attempts"),
    word("03", "decoupled"),
    word("04", "trust list"),
    word("05", "device binding, 2.3.1"),
    word("06", "WebAuthn, 2.3.1"),
    word("07", "secure payment confirmation, 2.3.1"),
    word("08", "risk analysis, 2.3.1"),
    word("09", "trust-list exemption, 2.3.1"),
    word("10", "low value, 2.3.1"),
    word("11", "secure corporate payment, 2.3.1"),
];
/// `actionInd` of a card range. Source: EMV 3DS, PRes.
pub const RANGE_ACTION: &[Word] = &[word("A", "add it"), word("D", "delete it"), word("M", "change it")];
/// Names of device parameters, as far as they are the same on all platforms. Source: emv-3ds.md
/// 4.2; EMV 3DS SDK, device information.
pub const DEVICE_DATA: &[Word] = &[
    word("C001", "platform"),
    word("C002", "device model"),
    word("C003", "operating system"),
    word("C004", "its version"),
    word("C005", "language"),
    word("C006", "time zone"),
    word("C007", "advertising id"),
    word("C008", "screen"),
    word("C009", "device name"),
    word("C010", "address"),
    word("C011", "latitude"),
    word("C012", "longitude"),
    word("C013", "app"),
    word("C014", "this installation of the app"),
    word("C015", "SDK's version"),
    word("C016", "SDK's software"),
    word("C017", "date and time"),
    word("C018", "app's id of the transaction"),
];
/// Why a device parameter is missing. Source: emv-3ds.md 4.2; EMV 3DS SDK, device information.
pub const DEVICE_REASONS: &[Word] = &[
    word("RE01", "not allowed in this market"),
    word("RE02", "not on this platform, or on this version of it"),
    word("RE03", "the shopper gave no permission"),
    word("RE04", "the device gave no value"),
];
/// Warnings of the SDK. Source: emv-3ds.md 4.2.
pub const DEVICE_WARNINGS: &[Word] = &[
    word("SW01", "the device is rooted"),
    word("SW02", "the SDK was tampered with"),
    word("SW03", "it runs in an emulator"),
    word("SW04", "a debugger is attached"),
    word("SW05", "the operating system is not supported"),
];
/// `messageVersion`. Source: emv-3ds.md 1.8.
pub const VERSION: &[Word] = &[
    word("2.1.0", "ended in September 2024"),
    word("2.2.0", "the mainstream"),
    word("2.3.1", "rolling out"),
    word("2.3.1.1", "rolling out"),
];
/// `messageType`. Source: emv-3ds.md 1.2.
pub const MESSAGE: &[Word] = &[
    word("AReq", "authentication request"),
    word("ARes", "authentication response"),
    word("CReq", "challenge request"),
    word("CRes", "challenge response"),
    word("RReq", "results request"),
    word("RRes", "results response"),
    word("PReq", "card ranges asked for"),
    word("PRes", "card ranges"),
    word("OReq", "operational notice"),
    word("ORes", "answer to a notice"),
    word("Erro", "protocol error"),
];
/// `errorComponent`. Source: emv-3ds.md 3.6.
pub const COMPONENT: &[Word] = &[
    word("C", "the app's SDK"),
    word("S", "the 3DS Server"),
    word("D", "the directory server"),
    word("A", "the bank (ACS)"),
];
/// `errorCode`. Source: emv-3ds.md 3.7.
pub const ERRORS: &[Word] = &[
    word("101", "message invalid, or for somebody else"),
    word("102", "version not supported"),
    word("103", "card ranges asked for too often"),
    word("201", "required element missing"),
    word("202", "critical extension not understood"),
    word("203", "format or value of an element invalid"),
    word("204", "element given twice"),
    word("205", "card ranges overlap"),
    word("206", "bad action for a card range"),
    word("207", "reserved value used"),
    word("301", "transaction id unknown"),
    word("302", "decryption failed, or the counter is wrong"),
    word("303", "access denied, or invalid address"),
    word("304", "ISO code invalid or excluded"),
    word("305", "transaction data not valid"),
    word("306", "merchant category code invalid"),
    word("307", "serial number invalid"),
    word("308", "signature of the SDK's server failed"),
    word("309", "content security policy failed"),
    word("310", "wrong cryptographic algorithm"),
    word("311", "key id wrong or missing"),
    word("312", "message sent twice"),
    word("313", "result without a challenge"),
    word("314", "second challenge request not supported"),
    word("315", "challenge request after the result"),
    word("402", "timed out"),
    word("403", "passing failure of a system"),
    word("404", "lasting failure of a system"),
    word("405", "connection failed"),
];
/// Trust-list status. Source: emv-3ds.md 3.6.
pub const TRUST: &[Word] = &[
    word("Y", "on the trust list"),
    word("N", "not on the trust list"),
    word("E", "not eligible"),
    word("P", "pending"),
    word("R", "refused"),
    word("U", "unknown"),
];
/// Who said so. Source: emv-3ds.md 3.6.
pub const TRUST_SOURCE: &[Word] = &[word("01", "3DS Server"), word("02", "directory server"), word("03", "bank")];
/// `threeDSReqAuthMethod`. Source: emv-3ds.md 3.6.
pub const LOGIN: &[Word] = &[
    word("01", "guest"),
    word("02", "own login"),
    word("03", "federated login"),
    word("04", "login with the bank"),
    word("05", "third party"),
    word("06", "FIDO"),
    word("07", "FIDO, signed"),
    word("08", "secure remote commerce"),
    word("09", "secure payment confirmation"),
    word("10", "electronic id"),
];
/// How an earlier authentication was done. Source: emv-3ds.md 3.6.
pub const PRIOR: &[Word] = &[
    word("01", "without a challenge"),
    word("02", "with a challenge"),
    word("03", "by address"),
    word("04", "another way"),
    word("05", "secure payment confirmation"),
];
/// `transChallengeExemption`. Source: emv-3ds.md 3.5.
pub const EXEMPTION: &[Word] = &[
    word("05", "risk analysis"),
    word("08", "trust list"),
    word("10", "low value"),
    word("11", "secure corporate payment"),
    word("79", "none"),
];
/// `threeDSRequestorDecReqInd`. Source: emv-3ds.md 1.6.
pub const DECOUPLED_WISH: &[Word] = &[
    word("Y", "decoupled is allowed"),
    word("N", "decoupled is not allowed"),
    word("F", "allowed as a fallback"),
    word("B", "allowed, also as a fallback"),
];

/// An ECI of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eci {
    /// The scheme's word; empty for all that are not named.
    pub scheme: &'static str,
    /// Two characters.
    pub code: &'static str,
    /// What it says: `Fully authenticated`.
    pub title: &'static str,
    /// Whether the risk normally moves to the bank; `None` where no money moves.
    pub shifts: Option<bool>,
}

const fn of(scheme: &'static str, code: &'static str, title: &'static str, shifts: Option<bool>) -> Eci {
    Eci { scheme, code, title, shifts }
}

/// Source: emv-3ds.md 3.3.
const ECIS: &[Eci] = &[
    of("mastercard", "02", "Fully authenticated", Some(true)),
    of("mastercard", "01", "Attempted", Some(true)),
    of("mastercard", "00", "Not authenticated", Some(false)),
    of("mastercard", "04", "Data only, not authenticated", Some(false)),
    of("mastercard", "06", "Exempt, not authenticated", Some(false)),
    of("mastercard", "07", "Authenticated, merchant-initiated", Some(true)),
    of("mastercard", "N2", "Card verified, no payment", None),
    of("mastercard", "N0", "Card not verified, no payment", None),
    of("cartes_bancaires", "02", "Fully authenticated", Some(true)),
    of("cartes_bancaires", "01", "Attempted", Some(true)),
    of("cartes_bancaires", "00", "Not authenticated", Some(false)),
    of("", "05", "Fully authenticated", Some(true)),
    of("", "06", "Attempted", Some(true)),
    of("", "07", "Not authenticated", Some(false)),
];

/// What an ECI says at a scheme; `None` for one that the scheme does not give.
pub fn eci(scheme: &str, code: &str) -> Option<&'static Eci> {
    let general = if scheme == "mastercard" { None } else { Some("") };
    let mut found = ECIS.iter().filter(|eci| eci.code == code);
    found.find(|eci| eci.scheme == scheme || Some(eci.scheme) == general)
}

/// The code with which Visa (and those like it) or Mastercard would say the same.
pub fn eci_elsewhere(eci: &Eci) -> Option<(&'static str, &'static str)> {
    let (name, scheme) = if eci.scheme == "mastercard" { ("Visa", "") } else { ("Mastercard", "mastercard") };
    let other = ECIS.iter().find(|other| other.scheme == scheme && other.title == eci.title)?;
    Some((name, other.code))
}

/// A scheme's name as people write it; the word itself if nobody knows it.
pub fn scheme_name(word: &str) -> &str {
    said(super::fields::words::SCHEMES, word).unwrap_or(word)
}

/// Currencies in use: code, number, digits after the point; each row in eight bytes. Source: ISO 4217.
const CURRENCIES: &str = "\
    AED7842 AFN9712 ALL0082 AMD0512 ANG5322 AOA9732 ARS0322 AUD0362 AWG5332 AZN9442 BAM9772 BBD0522 BDT0502 \
    BGN9752 BHD0483 BIF1080 BMD0602 BND0962 BOB0682 BOV9842 BRL9862 BSD0442 BTN0642 BWP0722 BYN9332 BZD0842 \
    CAD1242 CDF9762 CHE9472 CHF7562 CHW9482 CLF9904 CLP1520 CNY1562 COP1702 COU9702 CRC1882 CUP1922 CVE1322 \
    CZK2032 DJF2620 DKK2082 DOP2142 DZD0122 EGP8182 ERN2322 ETB2302 EUR9782 FJD2422 FKP2382 GBP8262 GEL9812 \
    GHS9362 GIP2922 GMD2702 GNF3240 GTQ3202 GYD3282 HKD3442 HNL3402 HRK1912 HTG3322 HUF3482 IDR3602 ILS3762 \
    INR3562 IQD3683 IRR3642 ISK3520 JMD3882 JOD4003 JPY3920 KES4042 KGS4172 KHR1162 KMF1740 KPW4082 KRW4100 \
    KWD4143 KYD1362 KZT3982 LAK4182 LBP4222 LKR1442 LRD4302 LSL4262 LYD4343 MAD5042 MDL4982 MGA9692 MKD8072 \
    MMK1042 MNT4962 MOP4462 MRU9292 MUR4802 MVR4622 MWK4542 MXN4842 MXV9792 MYR4582 MZN9432 NAD5162 NGN5662 \
    NIO5582 NOK5782 NPR5242 NZD5542 OMR5123 PAB5902 PEN6042 PGK5982 PHP6082 PKR5862 PLN9852 PYG6000 QAR6342 \
    RON9462 RSD9412 RUB6432 RWF6460 SAR6822 SBD0902 SCR6902 SDG9382 SEK7522 SGD7022 SHP6542 SLE9252 SLL6942 \
    SOS7062 SRD9682 SSP7282 STN9302 SVC2222 SYP7602 SZL7482 THB7642 TJS9722 TMT9342 TND7883 TOP7762 TRY9492 \
    TTD7802 TWD9012 TZS8342 UAH9802 UGX8000 USD8402 USN9972 UYI9400 UYU8582 UYW9274 UZS8602 VED9262 VES9282 \
    VND7040 VUV5480 WST8822 XAF9500 XCD9512 XOF9520 XPF9530 YER8862 ZAR7102 ZMW9672 ZWL9322";
const ROW: usize = 8;

fn currency(found: impl Fn(&str) -> bool) -> Option<&'static str> {
    let mut places = (0..CURRENCIES.len().div_ceil(ROW)).map(|place| &CURRENCIES[place * ROW..][..ROW - 1]);
    places.find(|row| found(row))
}

/// The three-digit number of a currency: `USD` is `840`.
pub fn currency_number(code: &str) -> Option<&'static str> {
    Some(&currency(|row| row[..3] == *code)?[3..6])
}

/// The currency of a three-digit number: `840` is `USD`.
pub fn currency_of(number: &str) -> Option<&'static str> {
    Some(&currency(|row| row[3..6] == *number)?[..3])
}

/// Minor units: digits after the point. `None` for a currency that nobody knows.
pub fn exponent(code: &str) -> Option<u32> {
    currency(|row| row[..3] == *code)?[6..].parse().ok()
}

/// True for codes that are no money, and for test codes. Source: emv-3ds.md 3.7 (304).
pub fn is_excluded_currency(number: &str) -> bool {
    number == "999" || number.parse().is_ok_and(|number: u16| (955..=964).contains(&number))
}

/// True for numeric country codes that are no country's. Source: emv-3ds.md 3.7 (304).
pub fn is_excluded_country(number: &str) -> bool {
    number.parse().is_ok_and(|number: u16| (901..=999).contains(&number))
}

/// An amount as people write it: 6540 and `USD` are `USD 65.40`. `None` without a currency of
/// three letters.
pub fn money(amount_minor: i64, code: &str) -> Option<String> {
    let code = code.to_ascii_uppercase();
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let digits = exponent(&code).unwrap_or(2);
    let unit = 10_u64.pow(digits);
    let (sign, amount) = (if amount_minor < 0 { "-" } else { "" }, amount_minor.unsigned_abs());
    Some(match usize::try_from(digits).unwrap_or_default() {
        0 => format!("{code} {sign}{amount}"),
        places => format!("{code} {sign}{}.{:0places$}", amount / unit, amount % unit),
    })
}

/// Countries: number and letters; each row in six bytes. Source: ISO 3166-1.
const COUNTRIES: &str = "\
    004AF 008AL 010AQ 012DZ 016AS 020AD 024AO 028AG 031AZ 032AR 036AU 040AT 044BS 048BH 050BD 051AM 052BB 056BE \
    060BM 064BT 068BO 070BA 072BW 074BV 076BR 084BZ 086IO 090SB 092VG 096BN 100BG 104MM 108BI 112BY 116KH 120CM \
    124CA 132CV 136KY 140CF 144LK 148TD 152CL 156CN 158TW 162CX 166CC 170CO 174KM 175YT 178CG 180CD 184CK 188CR \
    191HR 192CU 196CY 203CZ 204BJ 208DK 212DM 214DO 218EC 222SV 226GQ 231ET 232ER 233EE 234FO 238FK 239GS 242FJ \
    246FI 248AX 250FR 254GF 258PF 260TF 262DJ 266GA 268GE 270GM 275PS 276DE 288GH 292GI 296KI 300GR 304GL 308GD \
    312GP 316GU 320GT 324GN 328GY 332HT 334HM 336VA 340HN 344HK 348HU 352IS 356IN 360ID 364IR 368IQ 372IE 376IL \
    380IT 384CI 388JM 392JP 398KZ 400JO 404KE 408KP 410KR 414KW 417KG 418LA 422LB 426LS 428LV 430LR 434LY 438LI \
    440LT 442LU 446MO 450MG 454MW 458MY 462MV 466ML 470MT 474MQ 478MR 480MU 484MX 492MC 496MN 498MD 499ME 500MS \
    504MA 508MZ 512OM 516NA 520NR 524NP 528NL 531CW 533AW 534SX 535BQ 540NC 548VU 554NZ 558NI 562NE 566NG 570NU \
    574NF 578NO 580MP 581UM 583FM 584MH 585PW 586PK 591PA 598PG 600PY 604PE 608PH 612PN 616PL 620PT 624GW 626TL \
    630PR 634QA 638RE 642RO 643RU 646RW 652BL 654SH 659KN 660AI 662LC 663MF 666PM 670VC 674SM 678ST 682SA 686SN \
    688RS 690SC 694SL 702SG 703SK 704VN 705SI 706SO 710ZA 716ZW 724ES 728SS 729SD 732EH 740SR 744SJ 748SZ 752SE \
    756CH 760SY 762TJ 764TH 768TG 772TK 776TO 780TT 784AE 788TN 792TR 795TM 796TC 798TV 800UG 804UA 807MK 818EG \
    826GB 831GG 832JE 833IM 834TZ 840US 850VI 854BF 858UY 860UZ 862VE 876WF 882WS 887YE 894ZM";

/// The country of a three-digit number: `826` is `GB`.
pub fn country_of(number: &str) -> Option<&'static str> {
    COUNTRIES.split(' ').find_map(|row| row.strip_prefix(number).filter(|_| number.len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_eci_means_opposite_things() {
        let title = |scheme, code| eci(scheme, code).map(|eci| eci.title);
        assert_eq!(title("visa", "07"), Some("Not authenticated"));
        assert_eq!(title("mastercard", "07"), Some("Authenticated, merchant-initiated"));
        assert_eq!(title("visa", "06"), Some("Attempted"));
        assert_eq!(title("mastercard", "05"), None);
        let full = eci("visa", "05").expect("known");
        assert_eq!(eci_elsewhere(full), Some(("Mastercard", "02")));
        assert_eq!(eci_elsewhere(eci("mastercard", "04").expect("known")), None);
    }

    #[test]
    fn a_reason_is_read_by_scheme() {
        assert_eq!(reason("visa", "80"), Some("Visa could not connect to the bank"));
        assert_eq!(reason("mastercard", "80"), Some("data only"));
        assert_eq!(reason("jcb", "80"), None);
        assert_eq!(reason("visa", "22"), Some("technical trouble at the bank"));
    }

    #[test]
    fn money_and_countries_have_numbers() {
        assert_eq!((currency_number("USD"), currency_of("392")), (Some("840"), Some("JPY")));
        assert_eq!((exponent("JPY"), exponent("KWD"), exponent("XXX")), (Some(0), Some(3), None));
        assert_eq!((country_of("826"), country_of("999"), country_of("")), (Some("GB"), None, None));
        let cases =
            [(6540, "USD", "USD 65.40"), (5, "eur", "EUR 0.05"), (500, "JPY", "JPY 500"), (-1234, "KWD", "KWD -1.234")];
        for (minor, currency, expected) in cases {
            assert_eq!(money(minor, currency).as_deref(), Some(expected));
        }
        assert_eq!(money(1, "DOLLAR"), None);
    }
}
