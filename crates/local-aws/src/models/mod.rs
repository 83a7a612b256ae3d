//! The service models, and the checks of requests and answers against them.
//!
//! The models are those of botocore (`crates/local-aws/models`), cut down to what is answered here. The world
//! checks what no model can say; everything that a model does say is checked here, before the world sees a request.
//!
//! ```text
//! shape      the model as read from its file: operations, shapes, constraints
//! validate   an input against a shape: all violations at once, in the words of AWS
//! answer     an output or an error against the model: what only a mistake of the embedded AWS can break
//! ```

mod answer;
mod shape;
mod validate;

pub(crate) use self::answer::{check_error, check_output};
pub use self::shape::{Kind, Model, OperationModel, Shape};
pub use self::validate::{Checked, InputError, Violation};

#[cfg(test)]
mod tests;
