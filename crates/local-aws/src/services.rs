//! The services of the embedded AWS, and the operations that it answers.
//!
//! The name of an operation stands here once. Routing, dispatch, the journal, faults and the checks against the service
//! models take it from here. `models/extract.py` reads the table below to know which operations to extract.

use serde::{Deserialize, Serialize};

/// The services of the embedded AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Amazon S3; answered by [`crate::s3`], never by the world.
    S3,
    /// Amazon EMR, API 2009-03-31.
    Emr,
    /// Amazon CloudWatch, API 2010-08-01.
    CloudWatch,
    /// Amazon EventBridge Scheduler, API 2021-06-30.
    Scheduler,
    /// Amazon Athena, API 2017-05-18.
    Athena,
    /// AWS Glue, API 2017-03-31: its Data Catalog.
    Glue,
    /// AWS Security Token Service, API 2011-06-15.
    Sts,
}

/// What an operation does to the state of the embedded AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// It reads.
    Read,
    /// It reads a list whose pages a fault can shorten.
    List,
    /// It changes something.
    Write,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $service:ident $name:literal $operations:ident {
        $($operation:ident: $access:ident,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[expect(missing_docs, reason = "the API's own names")]
            pub enum $operations {
                $($operation,)*
            }

            impl $operations {
                /// All of them.
                pub const ALL: &[Self] = &[$(Self::$operation,)*];

                /// The name, as in the service model.
                pub const fn name(self) -> &'static str {
                    match self {
                        $(Self::$operation => stringify!($operation),)*
                    }
                }

                const fn access(self) -> Access {
                    match self {
                        $(Self::$operation => Access::$access,)*
                    }
                }
            }

            impl From<$operations> for Operation {
                fn from(operation: $operations) -> Self {
                    Self::$service(operation)
                }
            }
        )*

        /// An operation that the world answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names of the services")]
        pub enum Operation {
            $($service($operations),)*
        }

        impl Operation {
            /// Every operation of every service.
            pub fn all() -> impl Iterator<Item = Self> {
                let all = std::iter::empty();
                $(let all = all.chain($operations::ALL.iter().copied().map(Self::$service));)*
                all
            }

            /// The service that has it.
            pub const fn service(self) -> Service {
                match self {
                    $(Self::$service(_) => Service::$service,)*
                }
            }

            /// The name, as in the service model.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$service(operation) => operation.name(),)*
                }
            }

            const fn access(self) -> Access {
                match self {
                    $(Self::$service(operation) => operation.access(),)*
                }
            }
        }

        impl Service {
            /// The services that the world answers: all but S3.
            pub const IN_WORLD: &[Self] = &[$(Self::$service,)*];

            /// The name in the journal, in rules of faults and in botocore.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::S3 => "s3",
                    $(Self::$service => $name,)*
                }
            }
        }
    };
}

operations! {
    /// The operations of EMR.
    Emr "emr" EmrOperation {
        RunJobFlow: Write,
        DescribeCluster: Read,
        ListClusters: List,
        ListSteps: List,
        DescribeStep: Read,
        AddJobFlowSteps: Write,
        CancelSteps: Write,
        TerminateJobFlows: Write,
        ListInstances: List,
        ListInstanceFleets: List,
        AddTags: Write,
        RemoveTags: Write,
        GetAutoTerminationPolicy: Read,
        PutAutoTerminationPolicy: Write,
        RemoveAutoTerminationPolicy: Write,
        SetTerminationProtection: Write,
    }
    /// The operations of CloudWatch.
    CloudWatch "cloudwatch" CloudWatchOperation {
        PutMetricData: Write,
        GetMetricData: List,
        ListMetrics: List,
        PutMetricAlarm: Write,
        DescribeAlarms: List,
        DeleteAlarms: Write,
    }
    /// The operations of EventBridge Scheduler.
    Scheduler "scheduler" SchedulerOperation {
        CreateSchedule: Write,
        GetSchedule: Read,
        DeleteSchedule: Write,
        ListSchedules: List,
        CreateScheduleGroup: Write,
        GetScheduleGroup: Read,
        ListScheduleGroups: List,
        DeleteScheduleGroup: Write,
    }
    /// The operations of Athena.
    Athena "athena" AthenaOperation {
        StartQueryExecution: Write,
        StopQueryExecution: Write,
        GetQueryExecution: Read,
        BatchGetQueryExecution: Read,
        ListQueryExecutions: Read,
        GetQueryResults: Read,
        CreateWorkGroup: Write,
        GetWorkGroup: Read,
        UpdateWorkGroup: Write,
        DeleteWorkGroup: Write,
        ListWorkGroups: Read,
        CreateNamedQuery: Write,
        GetNamedQuery: Read,
        BatchGetNamedQuery: Read,
        ListNamedQueries: Read,
        UpdateNamedQuery: Write,
        DeleteNamedQuery: Write,
        ListTagsForResource: Read,
        ListPreparedStatements: Read,
    }
    /// The operations of Glue.
    Glue "glue" GlueOperation {
        CreateDatabase: Write,
        GetDatabase: Read,
        GetDatabases: List,
        UpdateDatabase: Write,
        DeleteDatabase: Write,
        CreateTable: Write,
        GetTable: Read,
        GetTables: List,
        UpdateTable: Write,
        DeleteTable: Write,
        CreatePartition: Write,
        GetPartition: Read,
        GetPartitions: List,
        UpdatePartition: Write,
        DeletePartition: Write,
        BatchCreatePartition: Write,
        BatchDeletePartition: Write,
    }
    /// The operations of STS.
    Sts "sts" StsOperation {
        GetCallerIdentity: Read,
    }
}

impl Service {
    /// The operations that the world answers for this service (none for S3).
    pub fn operations(self) -> impl Iterator<Item = Operation> {
        Operation::all().filter(move |operation| operation.service() == self)
    }

    /// The operation of this name, if the world answers it.
    pub fn operation(self, name: &str) -> Option<Operation> {
        self.operations().find(|operation| operation.name() == name)
    }
}

impl Operation {
    /// The operation of this name of the service with this [name](Service::name), if the world answers it.
    pub(crate) fn find(service: &str, name: &str) -> Option<Self> {
        Self::all().find(|operation| operation.service().name() == service && operation.name() == name)
    }

    /// Whether it may change something.
    pub const fn is_write(self) -> bool {
        matches!(self.access(), Access::Write)
    }

    /// Whether it answers a list whose pages a fault can shorten.
    pub const fn has_short_pages(self) -> bool {
        matches!(self.access(), Access::List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_service_and_name() {
        let launch = Operation::Emr(EmrOperation::RunJobFlow);
        assert_eq!(Service::Emr.operation("RunJobFlow"), Some(launch));
        assert_eq!(Operation::find("emr", "RunJobFlow"), Some(launch));
        assert_eq!((launch.name(), launch.service().name()), ("RunJobFlow", "emr"));
        assert_eq!(Service::Glue.operation("RunJobFlow"), None);
        assert_eq!(Service::S3.operations().count(), 0);
        assert_eq!(Operation::all().count(), 67);
    }

    #[test]
    fn only_reads_have_the_names_of_reads() {
        for operation in Operation::all() {
            let is_read =
                ["Describe", "List", "Get", "BatchGet"].iter().any(|verb| operation.name().starts_with(verb));
            assert_eq!(operation.is_write(), !is_read, "{}", operation.name());
        }
    }
}
