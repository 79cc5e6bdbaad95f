// Every data file of the repository: it reads, it is called what its file is called, it says where
// its numbers come from, it survives writing, and what it refers to exists.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/feasible.hpp"
#include "planner/spec/layout.hpp"
#include "planner/spec/spec_json.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

std::vector<std::string> names(DocumentKind kind) { return shipped_names(RECKON_DATA_DIR, kind); }

void check_text(DocumentKind kind, const std::string& name) {
  const std::string text = read_text_file(find_document(RECKON_DATA_DIR, kind, name));
  for (const char* local : {"../", "/work", "shared/", "\t"}) {
    EXPECT_EQ(text.find(local), std::string::npos) << name << " holds " << local;
  }
  EXPECT_TRUE(text.ends_with("}\n")) << name;
}

TEST(Data, Models) {
  for (const std::string& name : names(DocumentKind::model)) {
    SCOPED_TRACE(name);
    check_text(DocumentKind::model, name);
    const ModelSpec model = load_model(RECKON_DATA_DIR, name);
    EXPECT_EQ(model.name, name);
    EXPECT_EQ(read_model(write_model(model), name), model);
  }
}

TEST(Data, Topologies) {
  EXPECT_GE(names(DocumentKind::topology).size(), 8u);
  const std::vector<std::string> clusters = names(DocumentKind::cluster);
  for (const std::string& name : names(DocumentKind::topology)) {
    SCOPED_TRACE(name);
    check_text(DocumentKind::topology, name);
    const std::string text =
        read_text_file(find_document(RECKON_DATA_DIR, DocumentKind::topology, name));
    const TopologySpec topology = read_topology(text, name);
    EXPECT_EQ(topology.name, name);
    EXPECT_FALSE(topology.source.empty());
    EXPECT_EQ(read_topology(write_topology(topology), name), topology);
    EXPECT_EQ(std::count(clusters.begin(), clusters.end(), name), 0)
        << "a cluster has this name too";
  }
}

TEST(Data, Clusters) {
  for (const std::string& name : names(DocumentKind::cluster)) {
    SCOPED_TRACE(name);
    check_text(DocumentKind::cluster, name);
    const ClusterSpec cluster = load_cluster(RECKON_DATA_DIR, name);
    EXPECT_EQ(cluster.name, name);
    EXPECT_EQ(read_cluster(write_cluster(cluster), name), cluster);
    EXPECT_LE(cluster.nvlink.achieved.value, cluster.nvlink.bandwidth.value);
    EXPECT_LE(cluster.nic.achieved.value, cluster.nic.bandwidth.value);
    // A fat tree of `layers` layers of k-port switches reaches 2 (k/2)^layers ports in each plane.
    double reach = 2;
    for (int layer = 0; layer < cluster.fabric.layers; ++layer) {
      reach *= cluster.fabric.switch_radix / 2.0;
    }
    EXPECT_LE(gpus(cluster), reach * cluster.fabric.planes);
  }
}

TEST(Data, Devices) {
  for (const std::string& name : names(DocumentKind::device)) {
    SCOPED_TRACE(name);
    check_text(DocumentKind::device, name);
    const DeviceProfile device = load_device(RECKON_DATA_DIR, name);
    EXPECT_FALSE(device.name.empty());
    EXPECT_EQ(read_device(write_device(device), name), device);
  }
}

TEST(Data, ClustersNameShippedDevices) {
  const std::vector<std::string> devices = names(DocumentKind::device);
  ASSERT_FALSE(devices.empty());
  for (const std::string& name : names(DocumentKind::cluster)) {
    const std::string device = load_cluster(RECKON_DATA_DIR, name).device;
    EXPECT_TRUE(std::binary_search(devices.begin(), devices.end(), device))
        << name << ": " << device;
  }
}

TEST(Data, Plans) {
  for (const std::string& name : names(DocumentKind::plan)) {
    SCOPED_TRACE(name);
    check_text(DocumentKind::plan, name);
    const Plan plan = load_plan(RECKON_DATA_DIR, name);
    EXPECT_EQ(plan.name, name);
    EXPECT_EQ(read_plan(write_plan(plan), name), plan);
    const ModelSpec model = load_model(RECKON_DATA_DIR, plan.model);
    const ClusterSpec cluster = load_cluster(RECKON_DATA_DIR, plan.cluster);
    for (const PlanProblem& problem : feasible(model, cluster, plan)) {
      ADD_FAILURE() << problem.pointer << ": " << problem.message;
    }
    int layers = 0;
    for (const StageLayers& stage : stage_layers(model, plan)) layers += stage.layers;
    EXPECT_EQ(layers, model.layers);
    EXPECT_FALSE(plan.phases.empty());
  }
}

TEST(Data, DeepSeekV3AsPublished) {
  const Plan plan = load_plan(RECKON_DATA_DIR, "deepseek-v3-2048-h800");
  EXPECT_EQ(micro_batches(plan), 120);
  EXPECT_EQ(tokens_per_step(plan), 62914560.0);
  ASSERT_EQ(plan.phases.size(), 4u);
  for (const std::size_t phase : {std::size_t{1}, std::size_t{2}}) {  // context extension
    const Plan own = in_phase(plan, plan.phases[phase]);
    EXPECT_EQ(micro_batches(own), 120);
    EXPECT_EQ(tokens_per_rank(own), 4096.0);
    EXPECT_EQ(tokens_per_step(own), 62914560.0);
  }
  double published = 0;
  for (const Phase& phase : plan.phases)
    published += phase.published ? phase.published->gpu_hours : 0;
  EXPECT_EQ(published, 2788000.0);  // Table 1 of the report
  const ClusterSpec cluster = load_cluster(RECKON_DATA_DIR, plan.cluster);
  EXPECT_EQ(published * cluster.pricing.usd_per_gpu_hour.value, 5576000.0);
}

}  // namespace
}  // namespace reckon
