//! Lists that come in pages: a cluster that does not stand on the first one is found all the same, and so is one that
//! has ended by then.

use std::time::Duration;

use aws_sdk_emr::types::{InstanceGroupConfig, InstanceRoleType, JobFlowInstancesConfig};
use emrys_control_plane::{How, survey};
use emrys_core::record::Outcome;
use emrys_core::sweep::{ClusterUsage, Orphan};

use crate::world::{Aws, Fault, good_step, run, spec};

/// How many clusters of others there are: four pages of them.
const OTHERS: usize = 12;

impl Aws {
    /// Somebody else launches clusters that stand idle.
    async fn launch_those_of_others(&self) {
        let primary = InstanceGroupConfig::builder()
            .instance_role(InstanceRoleType::Master)
            .instance_type("m5.xlarge")
            .instance_count(1)
            .build();
        let instances = JobFlowInstancesConfig::builder()
            .instance_groups(primary)
            .keep_job_flow_alive_when_no_steps(true)
            .build();
        for n in 0..OTHERS {
            let launch = self.emr_of_another_person().run_job_flow().name(format!("nightly-{n}"));
            let launch = launch.release_label("emr-7.13.0").instances(instances.clone());
            let launch = launch.service_role("EMR_DefaultRole_V2").job_flow_role("EMR_EC2_DefaultRole");
            launch.send().await.unwrap();
        }
    }

    /// Asserts that the first page does not show the cluster, and is not the last: that there was something to miss.
    async fn assert_is_on_a_later_page(&self, cluster: &str) {
        let first = self.emr_of_another_person().list_clusters().send().await.unwrap();
        assert!(first.marker().is_some(), "there is one page alone");
        let shown: Vec<_> = first.clusters().iter().filter_map(|summary| summary.id()).collect();
        assert!(!shown.contains(&cluster), "{cluster} is on the first page: {shown:?}");
    }

    /// Lets the first process die right after its launch, and gives the cluster that came of it.
    async fn launch_and_die(&self) -> String {
        let before = self.clusters().await;
        let aws = self.connect(1).await;
        let died = self.kill_after_done("RunJobFlow", 1, run(&aws, 1)).await;
        assert!(died.is_none(), "it lived: {died:?}");
        let made: Vec<_> = self.clusters().await.into_iter().filter(|id| !before.contains(id)).collect();
        let [cluster] = made.as_slice() else { panic!("{made:?}") };
        cluster.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_on_a_later_page_is_adopted() {
    let world = Aws::new(good_step());
    world.launch_those_of_others().await;
    world.fault("ElasticMapReduce.RunJobFlow", Fault::LoseReply);
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(world.done("RunJobFlow"), OTHERS + 1, "one cluster of ours");
    world.assert_is_on_a_later_page(&end.report.cluster_id.unwrap()).await;
}

/// Who died between the launch and its record comes back the next morning.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_has_ended_by_the_time_it_is_looked_for_is_adopted() {
    let world = Aws::new(good_step());
    world.launch_those_of_others().await;
    let cluster = world.launch_and_die().await;
    tokio::time::sleep(Duration::from_hours(12)).await;
    assert_eq!(world.states().await.iter().filter(|state| *state == "TERMINATED").count(), 1);
    world.assert_is_on_a_later_page(&cluster).await;
    let end = run(&world.connect(2).await, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(end.report.cluster_id.as_deref(), Some(cluster.as_str()));
    assert_eq!(world.done("RunJobFlow"), OTHERS + 1, "one cluster of ours");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_finds_an_orphan_on_a_later_page_and_none_of_others() {
    let world = Aws::new(good_step());
    world.launch_those_of_others().await;
    let cluster = world.launch_and_die().await;
    world.delete_object("emrys/web-logs/2024-10-20/ledger.json");
    world.assert_is_on_a_later_page(&cluster).await;
    let swept = survey(&world.connect(2).await, &spec()).await.unwrap();
    let swept: Vec<_> = swept.iter().map(|swept| (swept.cluster.id.as_str(), &swept.usage)).collect();
    assert_eq!(swept, [(cluster.as_str(), &ClusterUsage::Orphan(Orphan::Unknown))]);
}
