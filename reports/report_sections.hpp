// The sections of the terminal report; report_text() puts them in order.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/report.hpp"
#include "reports/table.hpp"

namespace reckon {

// Lines of the report so far.
class Page {
 public:
  explicit Page(const TextStyle& style) : style_(style) {}

  const TextStyle& style() const { return style_; }

  // `unicode` where the terminal can show it, else `ascii`.
  std::string pick(std::string_view unicode, std::string_view ascii) const {
    return std::string(style_.unicode ? unicode : ascii);
  }

  // A title over a new section, with a remark beside it.
  void title(std::string_view text, std::string_view remark);
  void title(std::string_view text, std::vector<Run> remark);
  void line(std::vector<Run> runs, int indent = 2);
  void table(const Table& table);

  // A text over several lines, behind a mark on the first: "  [1] ...".
  void paragraph(std::string_view mark, std::string_view text, Tone tone);

  // The columns that a bar beside `table` may take; 0 if there is no room worth having.
  int bar_width(const Table& table, int most) const;

  std::string text() &&;

 private:
  TextStyle style_;
  std::vector<std::string> lines_;
};

void add_headline(const Report& report, Page& page);
void add_step(const Report& report, Page& page);
void add_band(const Report& report, Page& page);
void add_lanes(const Report& report, Page& page);
void add_published(const Report& report, Page& page);
void add_effects(const Report& report, Page& page);
void add_faults(const Report& report, Page& page);
void add_memory(const Report& report, Page& page);
void add_waterfall(const Report& report, Page& page);
void add_phases(const Report& report, Page& page);
void add_warnings(const Report& report, Page& page);
void add_provenance(const Report& report, Page& page);

}  // namespace reckon
