//! Words of the API as codes of the protocol, and currencies as numbers. Pure tables.
//! Source: emv-3ds.md 3.5, 3.6; ISO 4217.

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

/// Number and digits after the point of a currency.
fn row(currency: &str) -> Option<&'static str> {
    let mut rows = CURRENCIES.as_bytes().chunks(ROW);
    let at = rows.position(|row| row.starts_with(currency.as_bytes()))? * ROW;
    CURRENCIES.get(at + 3..at + 7).filter(|_| currency.len() == 3)
}

/// True for a currency code in use.
pub(in crate::sandbox) fn is_currency(code: &str) -> bool {
    row(code).is_some()
}

/// Minor units: digits after the point; 2 if nobody knows.
pub(in crate::sandbox) fn exponent(currency: &str) -> u32 {
    row(currency).and_then(|row| row[3..].parse().ok()).unwrap_or(2)
}

/// The three-digit code of a currency.
pub(in crate::sandbox) fn numeric(currency: &str) -> Option<&'static str> {
    row(currency)?.get(..3)
}

/// True for codes that are no money, and for test codes. Source: emv-3ds.md 3.7 (304).
pub(super) fn is_excluded_currency(number: &str) -> bool {
    number == "999" || number.parse().is_ok_and(|number: u16| (955..=964).contains(&number))
}

/// Error codes of the protocol, with what they mean. Source: emv-3ds.md 3.7.
pub(super) const ERRORS: &[(&str, &str)] = &[
    ("101", "The message of the other side was not valid"),
    ("102", "The message version is not supported"),
    ("103", "Too many requests for card ranges"),
    ("201", "A required element is missing"),
    ("202", "A critical extension was not understood"),
    ("203", "The format or value of an element is invalid"),
    ("204", "An element is there twice"),
    ("205", "Card ranges overlap"),
    ("206", "The action of a card range is invalid"),
    ("207", "A reserved value was used"),
    ("301", "The transaction id is not known"),
    ("302", "The data could not be decrypted"),
    ("303", "Access was denied, or the address is invalid"),
    ("304", "An ISO code is invalid or excluded"),
    ("305", "The transaction data are not valid"),
    ("306", "The merchant category code is invalid"),
    ("307", "The serial number is invalid"),
    ("308", "The signature of the SDK server failed"),
    ("309", "The content security policy failed validation"),
    ("310", "The cryptographic algorithm is wrong"),
    ("311", "The key id is wrong or missing"),
    ("312", "The message came twice"),
    ("313", "A result came though no challenge was asked for"),
    ("314", "A second challenge request is not supported"),
    ("315", "A challenge request came after the result"),
    ("402", "The issuer did not answer in time"),
    ("403", "The other side failed for a moment"),
    ("404", "The other side failed for good"),
    ("405", "The issuer could not be reached"),
];

/// What an error code means.
pub(in crate::sandbox) fn description(code: &str) -> &'static str {
    ERRORS.iter().find(|(known, _)| *known == code).map_or("The message of the other side was not valid", |row| row.1)
}

/// All two-digit codes, one after the other.
const TWO_DIGITS: &str = "\
    00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051\
    525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// A code of two characters as one that lives for ever; `None` for what is no code.
pub(in crate::sandbox) fn interned(code: &str) -> Option<&'static str> {
    match code {
        "N0" => Some("N0"),
        "N2" => Some("N2"),
        _ if code.len() == 2 => {
            let place: usize = code.parse().ok()?;
            TWO_DIGITS.get(place * 2..place * 2 + 2).filter(|known| *known == code)
        }
        _ => None,
    }
}

/// Source: emv-3ds.md 3.5.
pub(in crate::sandbox) fn challenge_indicator(word: &str) -> &'static str {
    match word {
        "no_challenge_requested" => "02",
        "challenge_requested" => "03",
        "challenge_requested_mandate" => "04",
        "transaction_risk_assessment" => "05",
        "data_share" => "06",
        "trusted_listing" => "08",
        "trusted_listing_prompt" => "09",
        "low_value" => "10",
        "secure_corporate_payment" => "11",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
pub(in crate::sandbox) fn requestor_indicator(authentication_type: &str) -> &'static str {
    match authentication_type {
        "recurring" => "02",
        "installment" => "03",
        "add_card" => "04",
        "maintain_card" => "05",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
pub(in crate::sandbox) fn transaction_type(word: &str) -> &'static str {
    match word {
        "check_acceptance" => "03",
        "account_funding" => "10",
        "quasi_card_transaction" => "11",
        "prepaid_activation_and_load" => "28",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6, `threeRIInd`.
pub(super) fn merchant_indicator(request_type: &str) -> &'static str {
    match request_type {
        "recurring_transaction" => "01",
        "installment_transaction" => "02",
        "add_card" => "03",
        "maintain_card_information" => "04",
        "account_verification" => "05",
        "split_or_delayed_shipment" => "06",
        "top_up" => "07",
        "mail_order" => "08",
        "telephone_order" => "09",
        "whitelist_status_check" => "10",
        _ => "11",
    }
}
