//! restJson1: the operation stands in method and path, and the input in path, query and body.

use http::Method;
use serde_json::{Map, Value};

use crate::models::{Kind, Model};
use crate::services::{Operation, Service};

use super::query;

/// The operation that a method and a path are for.
pub(super) fn operation(service: Service, method: &Method, path: &str) -> Option<Operation> {
    let model = Model::of(service)?;
    service.operations().find(|operation| {
        let http = model.operation(operation.name()).and_then(|operation| operation.http.as_ref());
        http.is_some_and(|http| http.method == method.as_str() && labels(&http.request_uri, path).is_some())
    })
}

/// Puts what stands in path and query beside what stood in the body.
pub(super) fn bind(
    model: &Model,
    operation: &str,
    (path, query): (&str, Option<&str>),
    mut input: Map<String, Value>,
) -> Result<Value, String> {
    let of = model.operation(operation);
    let shape = of.and_then(|operation| model.shape(operation.input.as_deref()?));
    let template = of.and_then(|operation| Some(operation.http.as_ref()?.request_uri.as_str()));
    let Some((shape, template)) = shape.zip(template) else {
        return Ok(Value::Object(input));
    };
    let in_path = labels(template, path).unwrap_or_default();
    let in_query = query::parameters(query.unwrap_or_default().as_bytes())?;
    for (name, member) in &shape.members {
        let Some(location) = member.location.as_deref() else { continue };
        // A member that belongs elsewhere is not read from the body.
        input.remove(name);
        let wanted = member.location_name.as_deref().unwrap_or(name);
        let value = match location {
            "uri" => {
                let label = in_path.iter().find(|(label, _)| *label == wanted);
                label.map(|(_, text)| query::decoded(text)).transpose()?
            }
            "querystring" => in_query.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()),
            _ => None,
        };
        if let Some(text) = value {
            let number = model.resolve(member).is_some_and(|shape| shape.kind == Kind::Integer);
            let value = match text.parse::<i64>() {
                Ok(value) if number => Value::from(value),
                _ => Value::String(text),
            };
            input.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(input))
}

/// The labels of a path that fits a template such as `/schedules/{Name}`.
fn labels<'a>(template: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut labels = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(labels),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => labels.push((name, given)),
                    None if wanted == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model() -> &'static Model {
        Model::of(Service::Scheduler).unwrap()
    }

    #[test]
    fn method_and_path_are_the_operation() {
        let of = |method, path| operation(Service::Scheduler, &method, path).map(Operation::name);
        assert_eq!(of(Method::POST, "/schedules/one"), Some("CreateSchedule"));
        assert_eq!(of(Method::GET, "/schedules/one"), Some("GetSchedule"));
        assert_eq!(of(Method::DELETE, "/schedule-groups/emrys"), Some("DeleteScheduleGroup"));
        assert_eq!(of(Method::GET, "/schedules"), Some("ListSchedules"));
        assert_eq!(of(Method::PUT, "/schedules/one"), None);
        assert_eq!(of(Method::GET, "/schedules/"), None);
        assert_eq!(of(Method::GET, "/schedules/one/two"), None);
        assert_eq!(of(Method::GET, "/"), None);
    }

    #[test]
    fn members_come_from_where_the_model_says() {
        let bound = |operation, path, query, body: Value| {
            let Value::Object(body) = body else { panic!() };
            bind(model(), operation, (path, query), body).unwrap()
        };
        assert_eq!(
            bound("CreateSchedule", "/schedules/a%2Bb", None, json!({"GroupName": "emrys", "Name": "other"})),
            json!({"GroupName": "emrys", "Name": "a+b"})
        );
        assert_eq!(
            bound("ListSchedules", "/schedules", Some("ScheduleGroup=emrys&MaxResults=7&x=y"), json!({})),
            json!({"GroupName": "emrys", "MaxResults": 7})
        );
        assert_eq!(
            bound("ListSchedules", "/schedules", Some("MaxResults=many"), json!({})),
            json!({"MaxResults": "many"})
        );
    }
}
