#include "reports/topology_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

// A network that was never built, with everything that a report can hold.
TopologyReport example() {
  TopologyReport report;
  report.tool = "reckon test";
  report.name = "example <\"1\">";
  report.kind = "2-plane fat tree of 2 layers";
  report.endpoints = 4096;
  report.nodes = 512;
  report.gpus_per_node = 8;
  report.nvswitches_per_node = 1;
  report.planes = 2;
  report.switches = 192;
  report.links = 4096;
  report.layers = {{"leaf", 128, 64, 32, 64}, {"spine", 64, 64, 64, 64}};
  report.wires = {{"GPU to leaf", 4096, {50e9}, {1.4e-6}},
                  {"leaf to spine", 4096, {25e9}, {0.45e-6}}};
  report.oversubscription = 2;
  report.distances = {{"same leaf", 0, 16, 1, 2, {2.8e-6}}, {"other leaf", 0, 512, 3, 4, {3.7e-6}}};
  report.bisection = {
      BisectionMethod::bound, {51.2e12}, {102.4e12}, {25e9}, BytesPerSecond{25.6e12}};
  FailureFigure failures;
  failures.switches = 1;
  failures.first_switches = {"p0.leaf0"};
  failures.wires = 66;
  failures.wires_by_themselves = 5;
  failures.first_wires = {"p0.leaf1-p0.spine0", "gpu9-p1.leaf0"};
  failures.gpus_without_nic = 33;
  failures.parts = {4095, 1};
  failures.by_wires = {8190, {{9, 0}, {9, 1}}};
  report.failures = failures;
  report.routes = {{0,
                    5,
                    true,
                    {{"gpu0", "p0.leaf0", "nic", {50e9}, {1.4e-6}},
                     {"p0.leaf0", "gpu5", "nic", {50e9}, {1.4e-6}}},
                    {2.8e-6},
                    {50e9}},
                   {0, 9, false, {}, {}, {}},
                   {7, 7, true, {}, {}, {}}};
  report.cost = {{18e6}, {4394.5}, {83e3}, {503.5}, "a table", "priced like others"};
  report.power = {143424, 102400, 1249, 247073, 60.3, "assumed", "a data sheet", "as of others"};
  report.notes = {"A note."};
  report.source = "a paper";
  return report;
}

TopologyDrawing picture() {
  TopologyDrawing drawing;
  drawing.title = "a <b> & \"c\"";
  drawing.remark = "two planes";
  drawing.levels = {"node", "leaf"};
  drawing.planes = 2;
  drawing.boxes = {{"node 0", "8 GPUs", 0, -1, 8, 0, 0.5, 0.25},
                   {"p0.leaf0", "", 1, 0, 1, 0, 0.25, 0.75},
                   {"p1.leaf0", "", 1, 1, 1, 1, 0.75, 0.75}};
  drawing.lines = {{0, 1, 4, 0, 0}, {0, 2, 4, 4, 0}};
  return drawing;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// What is not well-formed XML in a text of tags; empty if all is.
std::string xml_problem(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) return "a tag does not end";
    const std::string tag = text.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "a bare <: " + tag;
    if (std::count(tag.begin(), tag.end(), '"') % 2 == 1) return "an odd quote: " + tag;
    if (tag.ends_with('/')) continue;
    const std::string name = tag.substr(0, tag.find(' '));
    if (!name.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || "/" + open.back() != name) {
      return "closes what is not open: " + name;
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

TEST(TopologyText, OfAllThatAReportCanHold) {
  expect_golden(topology_text(example(), {false, true, 100}), "tests/golden/topology/example.txt");
  TopologyReport bare = example();
  bare.bisection.reset();
  bare.failures.reset();
  bare.distances.clear();
  bare.routes.clear();
  const std::string text = topology_text(bare, {false, false, 80});
  for (const char* title : {"Bisection", "Failures", "Distances", "Route"}) {
    EXPECT_EQ(text.find(title), std::string::npos);
  }
  EXPECT_TRUE(std::all_of(text.begin(), text.end(),
                          [](char letter) { return static_cast<unsigned char>(letter) < 128; }));
}

// Of 4,096 GPUs in 512 nodes the halves have 2,048 GPUs.
TEST(TopologyText, ABisectionOfNothingIsNothing) {
  TopologyReport report = example();
  report.bisection =
      BisectionFigure{BisectionMethod::max_flow, {0}, {102.4e12}, {0}, BytesPerSecond{0}};
  const std::string text = topology_text(report, {false, true, 100});
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_NE(text.find("102.4 TB/s  50 GB/s"), std::string::npos) << text;
}

TEST(TopologyJson, HasTheFiguresInTheirUnits) {
  const nlohmann::json json = nlohmann::json::parse(topology_json(example()));
  EXPECT_EQ(json["schema"], "topology_report/1");
  EXPECT_EQ(json["bisection"]["method"], "bound");
  EXPECT_EQ(json["bisection"]["after_failures_gigabytes_per_s"], 25600);
  EXPECT_EQ(json["failures"]["unreachable_by_wires"]["first"][1]["to"], 1);
  EXPECT_FALSE(json["failures"].contains("unreachable_by_routing"));
  EXPECT_EQ(json["failures"]["wires_by_themselves"], 5);
  EXPECT_EQ(json["routes"][0]["hops"][1]["latency_us"], 1.4);
  EXPECT_EQ(json["cost"]["total_usd"], 18e6);
}

TEST(TopologySvg, IsWellFormedAndMarksWhatFailed) {
  const std::string svg = topology_svg(picture());
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_NE(svg.find("a &lt;b&gt; &amp; &quot;c&quot;"), std::string::npos);
  EXPECT_EQ(count_of(svg, "<g class=\"box\""), 3u);
  EXPECT_EQ(count_of(svg, "<path "), 2u);
  EXPECT_EQ(count_of(svg, "stroke-dasharray"), 1u);
  EXPECT_NE(svg.find(">plane 1<"), std::string::npos);
  EXPECT_NE(svg.find(">failed<"), std::string::npos);
  TopologyDrawing whole = picture();
  for (DrawnBox& box : whole.boxes) box.failed = 0;
  for (DrawnLine& line : whole.lines) line.failed = 0;
  EXPECT_EQ(topology_svg(whole).find("failed"), std::string::npos);
}

TEST(TopologySvg, ABoxSaysWhatFailedInsideOfIt) {
  TopologyDrawing drawing = picture();
  drawing.boxes[2].failed = 0;
  drawing.lines[1].failed = 0;
  drawing.boxes[0].wires_failed = 8;
  drawing.boxes[0].nvswitches_failed = 1;
  drawing.boxes[1].wires_failed = 1;
  const std::string svg = topology_svg(drawing);
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_NE(svg.find("<title>node 0: 8 GPUs, 1 NVSwitch and 8 wires failed inside</title>"),
            std::string::npos);
  EXPECT_NE(svg.find("<title>p0.leaf0, 1 wire failed inside</title>"), std::string::npos);
  EXPECT_EQ(count_of(svg, "stroke=\"#dc2626\" stroke-width=\"2\""), 2u);
  EXPECT_NE(svg.find(">failed<"), std::string::npos);
  const std::string dot = topology_dot(drawing);
  EXPECT_EQ(count_of(dot, "color=\"#dc2626\""), 2u);
  EXPECT_NE(dot.find("tooltip=\"p0.leaf0, 1 wire failed inside\""), std::string::npos);
}

TEST(TopologySvg, WithoutLayersBoxesStayApart) {
  TopologyDrawing drawing = picture();
  drawing.levels.clear();
  for (DrawnBox& box : drawing.boxes) {
    box.level = 0;
    box.remark = "4 GPUs";
  }
  const std::string svg = topology_svg(drawing);
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_NE(svg.find("in each box 4 GPUs"), std::string::npos);
}

// XML has no control characters, and neither U+FFFE nor U+FFFF.
TEST(TopologySvg, HasOnlyCharactersThatXmlHas) {
  TopologyDrawing drawing = picture();
  drawing.title =
      "a\xEF\xBF\xBE"
      "b\xEF\xBF\xBF"
      "c\x01"
      "d\xEF\xBF\xBD"
      "e\xEF\xBF";
  const std::string svg = topology_svg(drawing);
  EXPECT_NE(svg.find(">a?b?c?d\xEF\xBF\xBD"
                     "e\xEF\xBF<"),
            std::string::npos);
}

TEST(TopologyDot, QuotesItsTextsAndClosesItsBraces) {
  const std::string dot = topology_dot(picture());
  EXPECT_NE(dot.find("graph network {"), std::string::npos);
  EXPECT_NE(dot.find(R"(label="a <b> & \"c\"  two planes")"), std::string::npos);
  EXPECT_NE(dot.find(R"(b0 [label="node 0\n8 GPUs")"), std::string::npos);
  EXPECT_NE(dot.find("b0 -- b2 "), std::string::npos);
  EXPECT_NE(dot.find("{ rank=same; b1; b2; }"), std::string::npos);
  EXPECT_EQ(count_of(dot, "{"), count_of(dot, "}"));
  EXPECT_EQ(count_of(dot, "style=dashed"), 1u);
}

}  // namespace
}  // namespace reckon
