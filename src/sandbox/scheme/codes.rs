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
