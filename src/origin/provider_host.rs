//! Hosts where a provider serves its live mode and its test mode, for providers whose keys do not tell. Only hosts that
//! serve one mode: `acme.okta.com` or `login.salesforce.com` may be anybody's development organisation.

use crate::model::Tier;

/// Provider, hosts of live mode, hosts of test mode. A host that begins with a full stop stands for what ends in it.
const HOSTS: &[(&str, &[&str], &[&str])] = &[
    // <https://developer.squareup.com/docs/build-basics/access-tokens>
    (
        "Square",
        &["connect.squareup.com", "web.squarecdn.com"],
        &["connect.squareupsandbox.com", "sandbox.web.squarecdn.com"],
    ),
    // <https://developer.paypal.com/api/rest/>
    (
        "PayPal",
        &["api-m.paypal.com", "api.paypal.com"],
        &["api-m.sandbox.paypal.com", "api.sandbox.paypal.com"],
    ),
    (
        "Braintree",
        &["payments.braintree-api.com"],
        &["payments.sandbox.braintree-api.com"],
    ),
    // <https://plaid.com/docs/api/#api-host>
    ("Plaid", &["production.plaid.com"], &["sandbox.plaid.com"]),
    // <https://docs.adyen.com/development-resources/live-endpoints/>
    (
        "Adyen",
        &[
            "-checkout-live.adyenpayments.com",
            "-pal-live.adyenpayments.com",
            "pal-live.adyen.com",
            "checkout-live.adyen.com",
            "live.adyen.com",
        ],
        &[
            "checkout-test.adyen.com",
            "pal-test.adyen.com",
            "cal-test.adyen.com",
            "test.adyen.com",
        ],
    ),
    (
        "Checkout.com",
        &["api.checkout.com"],
        &["api.sandbox.checkout.com"],
    ),
    ("Dwolla", &["api.dwolla.com"], &["api-sandbox.dwolla.com"]),
    // <https://developers.docusign.com/platform/auth/>
    (
        "DocuSign",
        &["account.docusign.com"],
        &["account-d.docusign.com", "demo.docusign.net"],
    ),
    ("Amadeus", &["api.amadeus.com"], &["test.api.amadeus.com"]),
    ("Okta", &[], &[".oktapreview.com"]),
    (
        "Salesforce",
        &[],
        &[
            "test.salesforce.com",
            ".sandbox.my.salesforce.com",
            ".develop.my.salesforce.com",
            ".scratch.my.salesforce.com",
        ],
    ),
    (
        "Avalara",
        &["rest.avatax.com"],
        &["sandbox-rest.avatax.com"],
    ),
    (
        "QuickBooks",
        &["quickbooks.api.intuit.com"],
        &["sandbox-quickbooks.api.intuit.com"],
    ),
    (
        "Zuora",
        &["rest.zuora.com", "rest.na.zuora.com", "rest.eu.zuora.com"],
        &["rest.apisandbox.zuora.com", "rest.test.zuora.com"],
    ),
    ("Increase", &["api.increase.com"], &["sandbox.increase.com"]),
    ("Unit", &["api.unit.co"], &["api.s.unit.sh"]),
    ("Polar", &["api.polar.sh"], &["sandbox-api.polar.sh"]),
    (
        "Alpaca",
        &["api.alpaca.markets", "broker-api.alpaca.markets"],
        &[
            "paper-api.alpaca.markets",
            "broker-api.sandbox.alpaca.markets",
        ],
    ),
    (
        "Klarna",
        &["api.klarna.com", "api-na.klarna.com", "api-oc.klarna.com"],
        &[".playground.klarna.com"],
    ),
    ("Cashfree", &["api.cashfree.com"], &["sandbox.cashfree.com"]),
    ("eBay", &["api.ebay.com"], &["api.sandbox.ebay.com"]),
    ("Stytch", &["api.stytch.com"], &["test.stytch.com"]),
    (
        "GoCardless",
        &["api.gocardless.com"],
        &["api-sandbox.gocardless.com"],
    ),
    ("PyPI", &["upload.pypi.org"], &["test.pypi.org"]),
    (
        "Apple's push notifications",
        &["api.push.apple.com"],
        &[
            "api.sandbox.push.apple.com",
            "api.development.push.apple.com",
        ],
    ),
];

/// Providers whose keys work in one mode only, which a setting beside them names: `PLAID_ENV`, `paypal.mode`.
const MODES: [&str; 18] = [
    "adyen",
    "amadeus",
    "avalara",
    "avatax",
    "braintree",
    "cashfree",
    "checkout",
    "docusign",
    "dwolla",
    "ebay",
    "gocardless",
    "klarna",
    "paypal",
    "plaid",
    "quickbooks",
    "square",
    "stytch",
    "zuora",
];

/// The mode that a host, in lower case, serves, and whose it is.
pub fn of(host: &str) -> Option<(Tier, &'static str)> {
    let is =
        |known: &&str| host == *known || known.starts_with(['.', '-']) && host.ends_with(*known);
    HOSTS.iter().find_map(|(provider, live, test)| {
        if live.iter().any(&is) {
            Some((Tier::Production, *provider))
        } else if test.iter().any(&is) {
            Some((Tier::Test, *provider))
        } else {
            None
        }
    })
}

/// Whether a word names a provider whose mode is a setting.
pub(super) fn has_modes(word: &str) -> bool {
    MODES.contains(&word)
}
