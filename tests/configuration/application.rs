//! The CRM by an application in place of a webhook.

use crosstie::config::{CrmAccess, CrmApplication, EXAMPLE, Secret};

use crate::{NOTION, pair, parse};

const GOOD: &str = "client_id = \"local.1\", client_secret = { env = \"CLIENT\" }, portal = \"example.bitrix24.com\"";

fn text(rest: &str) -> String {
    format!("[crm]\nsystem = \"bitrix24\"\n{rest}\n{NOTION}{}", pair("deals", "deal", 1))
}

fn application(oauth: &str) -> CrmApplication {
    let config = parse(&text(&format!("oauth = {{ {oauth} }}"))).unwrap_or_else(|errors| panic!("{errors}"));
    let CrmAccess::Application(application) = config.crm.access else { panic!("{:?}", config.crm.access) };
    application
}

fn refusal(rest: &str) -> String {
    let errors = parse(&text(rest)).unwrap_err().0;
    assert_eq!(errors.len(), 1, "{errors:?}");
    format!("{}: {}; {}", errors[0].line, errors[0].what, errors[0].mend)
}

#[test]
fn an_application_takes_the_place_of_the_webhook() {
    let plain = application(GOOD);
    assert_eq!((plain.client_id.as_str(), plain.portal.as_str()), ("local.1", "example.bitrix24.com"));
    assert_eq!(plain.client_secret, Secret::Env("CLIENT".into()));
    assert_eq!((plain.server.as_str(), plain.hosts.len()), ("oauth.bitrix.info", 0));
    let more = GOOD.replace("\"example.bitrix24.com\"", "\"https://CRM.example.com:8443/\"");
    let full = application(&format!("{more}, server = \"oauth.bitrix24.tech\", hosts = [\"new.example.com\"]"));
    assert_eq!((full.portal.as_str(), full.server.as_str()), ("crm.example.com:8443", "oauth.bitrix24.tech"));
    assert_eq!(full.hosts, ["new.example.com"]);
}

#[test]
fn the_application_in_the_example_is_one() {
    let line = EXAMPLE.lines().find_map(|line| line.strip_prefix("# oauth = ")).unwrap();
    let config = parse(&text(&format!("oauth = {line}"))).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(matches!(config.crm.access, CrmAccess::Application(_)));
}

#[test]
fn what_an_application_lacks_or_has_too_much_of_is_told() {
    let webhook = "webhook = { env = \"HOOK\" }";
    let both = refusal(&format!("{webhook}\noauth = {{ {GOOD} }}"));
    assert!(both.contains("both `webhook` and `oauth`") && both.contains("keep one"), "{both}");
    assert!(refusal("").contains("has no `webhook`"), "neither of them");
    for (key, wanted) in [("client_id", "`client_id`"), ("portal", "`portal`"), ("client_secret", "`client_secret`")] {
        let without: Vec<&str> = GOOD.split(", ").filter(|part| !part.starts_with(key)).collect();
        let told = refusal(&format!("oauth = {{ {} }}", without.join(", ")));
        assert!(told.starts_with("3: ") && told.contains(wanted) && told.contains("add `"), "{told}");
    }
    for portal in ["http://example.com", "example.com/rest/1/madeup", "me:madeup@example.com", "exa mple"] {
        let told = refusal(&format!("oauth = {{ {} }}", GOOD.replace("example.bitrix24.com", portal)));
        assert!(told.contains("`portal` is no host") && !told.contains("madeup"), "{told}");
    }
    let unknown = refusal(&format!("oauth = {{ {GOOD}, secret = \"x\" }}"));
    assert!(unknown.contains("has no key `secret`"), "{unknown}");
}

#[test]
fn a_client_secret_in_the_file_is_refused_and_not_repeated() {
    let inline = GOOD.replace("{ env = \"CLIENT\" }", "\"madeup-secret\"");
    let errors = parse(&text(&format!("oauth = {{ {inline} }}"))).unwrap_err();
    assert!(errors.to_string().contains("stands in the file itself"), "{errors}");
    assert!(!errors.to_string().contains("madeup"), "{errors}");
    let both = inline.replace("example.bitrix24.com", "no host");
    let errors = parse(&text(&format!("oauth = {{ {both} }}"))).unwrap_err();
    assert!(!errors.to_string().contains("madeup"), "{errors}");
}
