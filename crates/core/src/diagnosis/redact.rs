//! Secrets in what a step wrote: they become `[redacted]`, and the rest of the line stays.
//!
//! It goes by how secrets are written down, so it finds those that are written as usual and no others: a job that
//! prints a bare password shows it. Where it is not sure, it rather takes too much: a log can be read where it lies.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

/// What stands for a secret.
const REDACTED: &str = "[redacted]";

/// Whether what stands where a secret does is one: types, paths and `None` also stand behind a name.
type IsSecret = fn(&str) -> bool;

/// How secrets are written down, after what; the first group that took part is the secret.
static PATTERNS: LazyLock<Vec<(Regex, IsSecret)>> = LazyLock::new(|| {
    // A value in quotes, also in quotes that are escaped themselves, or up to a blank or the next of a query's
    // parameters. What closes around it stays.
    let value = r#"(?:\\?"([^"\\]+)|'([^']+)|([^\s"'&\\](?:[^\s"'&\\]*[^\s"'&\\,;)\]}>])?))"#;
    let quote = r#"\\?["']?"#;
    let is = format!(r"{quote}\s*(?:=>|[=:])\s*");
    let name = r"(?:password|passwd|passphrase|secret|(?:secret|access|account|api|private)[_. -]?(?:access[_. -]?)?key|(?:\bid|access|auth|session|security|refresh)[_.-]?token)";
    let patterns: [(String, IsSecret); 15] = [
        // RFC 9110, 11.6.2; of AWS's own scheme all that follows its name.
        (
            format!(
                r#"authorization{is}{quote}(?:bearer|basic|digest|negotiate|token|aws4-[a-z0-9-]+)\s+([^"'\\]+)"#
            ),
            is_any,
        ),
        // RFC 6750, 2.1, and a JSON Web Token without a word beside it (RFC 7519, 3.1).
        (r"\bbearer\s+([a-z0-9._~+/-]{16,}=*)".to_owned(), is_any),
        (r"\b(eyJ[a-z0-9_-]{8,}\.[a-z0-9_-]{8,}\.[a-z0-9_-]*)".to_owned(), is_any),
        // Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"; `Signature` in the older way.
        (format!(r#"\bx-amz-(?:signature|security-token|credential){is}{quote}([^&\s"'\\]+)"#), is_any),
        (r"\bsignature=([a-z0-9%+/]{20,}=*)".to_owned(), is_any),
        // IAM User Guide, "IAM identifiers": ids of access keys, for good and for a while. How STS begins its session
        // tokens is documented nowhere, and has not changed for years.
        (r"\b(A(?-i:KIA|SIA)[A-Z0-9]{16})\b".to_owned(), is_key_id),
        (r"\b((?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[a-z0-9/+=_%-]{16,})".to_owned(), is_any),
        // IAM User Guide, "Manage access keys": a secret access key is of forty characters. Here, near the word.
        (r"secret[^\n]{0,40}?[^a-z0-9/+]([a-z0-9/+]{40})(?:[^a-z0-9/+=]|$)".to_owned(), is_mixed),
        // RFC 3986, 3.2.1.
        (r#"\b[a-z][a-z0-9+.-]*://[^\s/@:"'?#]*:([^\s/@"'?#]+)@"#.to_owned(), is_any),
        // Settings, JSON, keyword arguments, options of a command.
        // `…:secret:name` is the address of one.
        (format!("(?:^|[^:]){name}{is}{value}"), is_value),
        (format!(r":{name}{quote}\s*=\s*{value}"), is_value),
        (format!(r"--[\w.-]*{name}\s+{value}"), is_value),
        (format!(r"\bpwd{is}{value}"), |text| is_value(text) && !text.starts_with(['/', '~'])),
        (format!(r"token{quote}\s*=\s*{value}"), is_value),
        // Parsers complain of an `unexpected token: SELECT`.
        (format!(r"token{quote}\s*:\s*{value}"), |text| is_value(text) && is_opaque(text)),
    ];
    let compiled = patterns.into_iter().map(|(pattern, is_secret)| {
        (Regex::new(&format!("(?i){pattern}")).expect("a pattern that a test compiles"), is_secret)
    });
    compiled.collect()
});

fn is_any(_: &str) -> bool {
    true
}

/// The ids are written in capitals.
fn is_key_id(text: &str) -> bool {
    !text.contains(|letter: char| letter.is_ascii_lowercase())
}

/// Small and capital letters and digits: no hash, and no path either.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|letter| is(&letter));
    has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) && has(char::is_ascii_digit)
}

/// Long, and with a digit in it: no word of a language.
fn is_opaque(text: &str) -> bool {
    text.len() >= 16 && text.contains(|letter: char| letter.is_ascii_digit())
}

/// No answer to whether there is one, no type of a column, no place where it is kept.
fn is_value(text: &str) -> bool {
    const ANSWERS: [&str; 10] =
        ["yes", "no", "true", "false", "null", "none", "nil", "required", "missing", "empty"];
    const TYPES: [&str; 14] = [
        "string",
        "str",
        "binary",
        "int",
        "integer",
        "long",
        "bigint",
        "double",
        "float",
        "boolean",
        "bool",
        "date",
        "timestamp",
        "decimal",
    ];
    const PLACES: [&str; 9] = ["${", "arn:", "s3:", "s3a:", "hdfs:", "file:", "struct<", "array<", REDACTED];
    let text = text.trim();
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len()));
    let is_one_of = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    let is_answer = rest.len() <= 1 && is_one_of(&ANSWERS);
    // The next column of a structure follows on a type.
    let is_type = (rest.len() <= 1 || rest.starts_with(',')) && is_one_of(&TYPES);
    !text.is_empty() && !is_answer && !is_type && !PLACES.iter().any(|place| text.starts_with(place))
}

/// A text without its secrets.
pub fn redacted(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, is_secret) in PATTERNS.iter() {
        if pattern.is_match(&text) {
            text = pattern.replace_all(&text, |found: &Captures<'_>| blank(found, *is_secret)).into_owned();
        }
    }
    text
}

/// What was found, without its secret.
fn blank(found: &Captures<'_>, is_secret: IsSecret) -> String {
    let whole = found.get(0).map_or("", |whole| whole.as_str());
    let start = found.get(0).map_or(0, |whole| whole.start());
    match found.iter().skip(1).flatten().next() {
        Some(secret) if is_secret(secret.as_str()) && !secret.as_str().starts_with("[redacted") => {
            let (before, after) = (secret.start() - start, secret.end() - start);
            format!("{}{REDACTED}{}", &whole[..before], &whole[after..])
        }
        _ => whole.to_owned(),
    }
}

/// Lines without their secrets. A private key (RFC 7468) is many lines, of which the first may have been cut off.
pub(super) fn lines(lines: &[String]) -> Vec<String> {
    let mut told: Vec<String> = Vec::with_capacity(lines.len());
    let mut is_inside = false;
    for line in lines {
        let begin = key_mark(line, "-----BEGIN ");
        let end = key_mark(line, "-----END ");
        if let Some((at, _)) = end.filter(|_| !is_inside && begin.is_none()) {
            let body = told.iter_mut().rev().take_while(|line| is_body(line));
            body.for_each(|line| REDACTED.clone_into(line));
            told.push(format!("{}{}", blank_body(&line[..at]), &line[at..]));
            continue;
        }
        told.push(match (begin, end) {
            (Some((_, from)), Some((to, _))) if from <= to => {
                format!("{}{REDACTED}{}", &line[..from], &line[to..])
            }
            (Some((_, from)), _) => format!("{}{}", &line[..from], blank_body(&line[from..])),
            (None, Some((at, _))) => format!("{}{}", blank_body(&line[..at]), &line[at..]),
            (None, None) if is_inside && is_body(line) => REDACTED.to_owned(),
            (None, None) => redacted(line),
        });
        is_inside = match (begin, end) {
            (_, Some(_)) => false,
            (Some(_), None) => true,
            (None, None) => is_inside && (is_body(line) || line.trim().is_empty()),
        };
    }
    told
}

/// Where a private key's mark stands in a line, from its first character to after its last.
fn key_mark(line: &str, mark: &str) -> Option<(usize, usize)> {
    const CLOSED: &str = "PRIVATE KEY-----";
    let at = line.find(mark)?;
    let rest = &line[at + mark.len()..];
    let to = rest.find(CLOSED).filter(|to| !rest[..*to].contains("-----"))?;
    Some((at, at + mark.len() + to + CLOSED.len()))
}

/// Whether a line may be one of a key, or of the headers above it.
fn is_body(line: &str) -> bool {
    let base64 = line.trim();
    let is_base64 = base64.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    (is_base64 && !base64.is_empty())
        || ["Proc-Type:", "DEK-Info:"].iter().any(|header| line.starts_with(header))
        || line == REDACTED
}

fn blank_body(text: &str) -> &str {
    if text.trim().is_empty() { text } else { REDACTED }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of the documentation of AWS, and of no account.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn a_secret_is_blanked_and_the_rest_of_the_line_stays() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
        let token = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD";
        for (line, told) in [
            (format!("ClientError: InvalidAccessKeyId {KEY_ID} at main.py:7"), "ClientError: InvalidAccessKeyId [redacted] at main.py:7".to_owned()),
            (format!("export AWS_SECRET_ACCESS_KEY={SECRET} && run"), "export AWS_SECRET_ACCESS_KEY=[redacted] && run".to_owned()),
            (format!("the secret access key is {SECRET}, of ann"), "the secret access key is [redacted], of ann".to_owned()),
            (format!("aws_secret_access_key = {SECRET}"), "aws_secret_access_key = [redacted]".to_owned()),
            (format!("--conf spark.hadoop.fs.s3a.secret.key={SECRET} main.py"), "--conf spark.hadoop.fs.s3a.secret.key=[redacted] main.py".to_owned()),
            (format!("{{\"SecretAccessKey\": \"{SECRET}\", \"Code\": \"Success\"}}"), "{\"SecretAccessKey\": \"[redacted]\", \"Code\": \"Success\"}".to_owned()),
            ("{\\\"password\\\": \\\"a b\\\"}".to_owned(), "{\\\"password\\\": \\\"[redacted]\\\"}".to_owned()),
            (format!("AWS_SESSION_TOKEN={token}=="), "AWS_SESSION_TOKEN=[redacted]".to_owned()),
            (format!("got {token} from STS"), "got [redacted] from STS".to_owned()),
            ("connect(user='ann', password='hunter2', port=5432)".to_owned(), "connect(user='ann', password='[redacted]', port=5432)".to_owned()),
            ("psycopg2.OperationalError: dsn user=ann password=hun,ter2 host=db".to_owned(), "psycopg2.OperationalError: dsn user=ann password=[redacted] host=db".to_owned()),
            ("pwd: hunter2".to_owned(), "pwd: [redacted]".to_owned()),
            ("GET /v1?token=abc123&page=2 401".to_owned(), "GET /v1?token=[redacted]&page=2 401".to_owned()),
            ("api_key: 9f8e7d, retries: 3".to_owned(), "api_key: [redacted], retries: 3".to_owned()),
            ("mysqldump --user ann --db-password hunter2 logs".to_owned(), "mysqldump --user ann --db-password [redacted] logs".to_owned()),
            ("-H 'Authorization: Bearer abc.def' https://api".to_owned(), "-H 'Authorization: Bearer [redacted]' https://api".to_owned()),
            (format!("bearer {jwt} was refused"), "bearer [redacted] was refused".to_owned()),
            (format!("invalid: {jwt}"), "invalid: [redacted]".to_owned()),
            ("java.sql.SQLException: jdbc:postgresql://ann:hunter2@db:5432/logs refused".to_owned(), "java.sql.SQLException: jdbc:postgresql://ann:[redacted]@db:5432/logs refused".to_owned()),
            ("403 for https://b.s3.amazonaws.com/k?X-Amz-Date=20241021T030000Z&X-Amz-Security-Token=IQoJ%2F&X-Amz-Signature=aeeed9bb".to_owned(), "403 for https://b.s3.amazonaws.com/k?X-Amz-Date=20241021T030000Z&X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted]".to_owned()),
        ] {
            assert_eq!(redacted(&line), told, "of {line}");
            assert_eq!(redacted(&told), told, "a second time");
        }
    }

    #[test]
    fn a_private_key_is_blanked_whole_and_where_its_begin_is_cut_off() {
        let log = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
        let key = "before\nINFO -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIBAAKCAQEA7\nab==\n-----END RSA PRIVATE KEY-----\nValueError: x";
        let told = "before\nINFO -----BEGIN RSA PRIVATE KEY-----\n[redacted]\n\n[redacted]\n[redacted]\n-----END RSA PRIVATE KEY-----\nValueError: x";
        assert_eq!(lines(&log(key)), log(told));
        let cut = "MIIEpAIBAAKCAQEA7\nab==\n-----END PRIVATE KEY-----\nValueError: x";
        assert_eq!(lines(&log(cut)), log("[redacted]\n[redacted]\n-----END PRIVATE KEY-----\nValueError: x"));
        let one = r"key = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----' # x";
        let told = "key = '-----BEGIN PRIVATE KEY-----[redacted]-----END PRIVATE KEY-----' # x";
        assert_eq!(lines(&log(one)), log(told));
        // One that never ends takes nothing with it that is none.
        let open = "-----BEGIN PRIVATE KEY-----\nMIIE\nTraceback (most recent call last):\nKeyError";
        let told = "-----BEGIN PRIVATE KEY-----\n[redacted]\nTraceback (most recent call last):\nKeyError";
        assert_eq!(lines(&log(open)), log(told));
    }

    #[test]
    fn what_only_sounds_like_a_secret_stays() {
        for line in [
            "KeyError: 'token'",
            "pyspark.sql.utils.ParseException: extraneous input, unexpected token: SELECT_STATEMENT",
            "SyntaxError: invalid token",
            " |-- password: string (nullable = true)",
            "AnalysisException: cannot resolve 'password' given input columns: [token, secret]",
            "struct<password:string,token:bigint>",
            "Access denied for user 'ann'@'db' (using password: YES)",
            "org.apache.hadoop.security.token.SecretManager$InvalidToken: it is expired",
            "com.amazonaws.services.secretsmanager.AWSSecretsManagerClient: not found",
            "secretsmanager at commit 3f786850e387550fdab836ed7e6dc881de23001b",
            "AccessDeniedException: secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:123456789012:secret:db-1a2b3c",
            "java.io.FileNotFoundException: s3://my-log-bucket/application-logs/2024/10/20/password.csv",
            "PWD=/mnt1/yarn/usercache/hadoop/appcache/application_1729480000000_0001",
            "OLDPWD=/home/hadoop",
            "http://ip-10-0-0-1.ec2.internal:8088/proxy/application_1729480000000_0001/@x",
            "AuthorizationException: user: ann is not allowed to impersonate hadoop",
            "Error: basic authentication is required, token_count=42, tokenizer=whitespace, passwordless: true",
            "request 6f1d9c3e-8a54-4c1d-9d3e-0b7a2c1f5e66 failed, x-amz-request-id: TX0000000001",
        ] {
            assert_eq!(redacted(line), line);
        }
    }

    proptest! {
        /// Classes, paths, hashes, ids and numbers, put together as logs do.
        #[test]
        fn text_without_the_words_of_secrets_is_unchanged(
            parts in proptest::collection::vec(
                prop_oneof![
                    "[a-z]{1,8}(\\.[a-z]{1,8}){1,4}\\.[A-Z][A-Za-z]{1,20}(Exception|Error)",
                    "s3a?://[a-z0-9-]{3,12}/([a-zA-Z0-9_=.-]{1,12}/){0,5}",
                    "[0-9a-f]{40}",
                    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                    "[A-Za-z0-9/+]{1,60}",
                    "[a-z]{1,9}[=:] ?[ -~]{0,12}",
                    "\\(?[A-Za-z]{1,12}[,.:;)]?",
                ],
                0..12,
            ),
            between in prop_oneof![Just(" "), Just(", "), Just(": "), Just("\t")],
        ) {
            let text = parts.join(between);
            let lower = text.to_lowercase();
            let words = ["pass", "pwd", "secret", "token", "key", "bearer", "auth", "sign", "amz", "akia", "asia", "eyj", "@", "-----", "fwog", "iqoj"];
            prop_assume!(!words.iter().any(|word| lower.contains(word)));
            prop_assert_eq!(redacted(&text), text);
        }

        /// Whatever stands there, it is told without panic, and a second time the same.
        #[test]
        fn any_text_can_be_told(log in proptest::collection::vec("(?s).{0,80}|password[=:].{0,9}|-----(BEGIN|END) PRIVATE KEY-----.{0,3}", 0..6)) {
            let told = lines(&log);
            prop_assert_eq!(told.len(), log.len());
            prop_assert_eq!(lines(&told), told);
        }
    }
}
