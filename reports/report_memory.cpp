// The section on memory: a bar a pipeline rank by what fills it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "reports/memory_kinds.hpp"
#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_rows = 8;

// Ranks with equal memory share a row.
struct MemoryRow {
  std::vector<int> ranks;
  RankMemory memory;
};

bool looks_alike(const RankMemory& left, const RankMemory& right) {
  const auto kinds = memory_kinds(left);
  const auto others = memory_kinds(right);
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    if (gib_text(kinds[kind].second) != gib_text(others[kind].second)) return false;
  }
  return true;
}

std::vector<MemoryRow> memory_rows(const std::vector<RankMemory>& memory) {
  std::vector<MemoryRow> rows;
  for (const RankMemory& rank : memory) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&rank](const MemoryRow& row) {
      return looks_alike(row.memory, rank);
    });
    if (same == rows.end()) {
      rows.push_back({{rank.pipeline_rank}, rank});
    } else {
      same->ranks.push_back(rank.pipeline_rank);
    }
  }
  return rows;
}

// "0 15", "1-14".
std::string ranks_text(const std::vector<int>& ranks) {
  std::string text;
  for (std::size_t first = 0, last = 0; first < ranks.size(); first = last + 1) {
    last = first;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
    if (!text.empty()) text += ' ';
    text += std::to_string(ranks[first]);
    if (last > first) text += (last > first + 1 ? "-" : " ") + std::to_string(ranks[last]);
  }
  return text;
}

// The rows to show: all, or evenly spread ones with the fullest among them.
std::vector<MemoryRow> shown(const std::vector<MemoryRow>& rows) {
  if (rows.size() <= most_rows) return rows;
  const auto fullest =
      std::max_element(rows.begin(), rows.end(), [](const MemoryRow& left, const MemoryRow& right) {
        return all_bytes(left.memory).value < all_bytes(right.memory).value;
      });
  std::vector<std::size_t> picked{static_cast<std::size_t>(fullest - rows.begin())};
  for (std::size_t index = 0; index + 1 < most_rows; ++index) {
    picked.push_back(index * (rows.size() - 1) / (most_rows - 2));
  }
  std::sort(picked.begin(), picked.end());
  picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
  std::vector<MemoryRow> some;
  for (const std::size_t index : picked) some.push_back(rows[index]);
  return some;
}

struct Fill {
  std::string_view mark;
  Tone tone;
};

Fill fill_of(std::size_t kind, const TextStyle& style) {
  constexpr std::array<std::string_view, 5> shades{"█", "▓", "▒", "░", "·"};
  constexpr std::array<std::string_view, 5> letters{"W", "G", "O", "A", "+"};
  constexpr std::array<Tone, 5> tones{Tone::blue, Tone::cyan, Tone::magenta, Tone::yellow,
                                      Tone::dim};
  return {style.unicode ? shades[kind] : letters[kind], tones[kind]};
}

// The kinds side by side on a scale that ends at `scale`, with a mark where the limit stands.
Cell memory_bar(const RankMemory& memory, Bytes limit, Bytes scale, int width,
                const TextStyle& style) {
  const auto column = [&](Bytes bytes) {
    return static_cast<int>(std::lround(bytes / scale * width));
  };
  Cell cell;
  Bytes sum;
  int drawn = 0;
  const auto kinds = memory_kinds(memory);
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    sum += kinds[kind].second;
    const Fill fill = fill_of(kind, style);
    Run run{.text = {}, .tone = fill.tone};
    for (; drawn < column(sum); ++drawn) run.text += fill.mark;
    cell.runs.push_back(std::move(run));
  }
  if (limit.value > 0) {
    const int blanks = std::max(0, column(limit) - drawn);
    cell.runs.push_back({std::string(static_cast<std::size_t>(blanks), ' ')});
    cell.runs.push_back(
        {style.unicode ? "▏" : "|", sum.value <= limit.value ? Tone::dim : Tone::bad});
  }
  return cell;
}

// "█ weights ▓ gradients ...": what the bars are made of.
std::vector<Run> legend(const TextStyle& style) {
  std::vector<Run> runs;
  const auto kinds = memory_kinds(RankMemory{});
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    const Fill fill = fill_of(kind, style);
    runs.push_back({std::string(fill.mark), fill.tone});
    runs.push_back({" " + std::string(kinds[kind].first) + " ", Tone::dim});
  }
  return runs;
}

}  // namespace

void add_memory(const Report& report, Page& page) {
  if (report.memory.empty()) return;
  const TextStyle& style = page.style();
  const Bytes limit = report.memory_limit;
  Bytes scale = limit;
  for (const RankMemory& rank : report.memory) {
    scale.value = std::max(scale.value, all_bytes(rank).value);
  }
  if (scale.value <= 0) return;
  const std::vector<MemoryRow> all = memory_rows(report.memory);
  const std::vector<MemoryRow> rows = shown(all);
  std::vector<Run> remark = legend(style);
  remark.push_back({fmt::format(" GiB{}{}", limit.value > 0 ? " of " + gib_text(limit) : "",
                                rows.size() < all.size() ? ", some ranks" : ""),
                    Tone::dim});
  page.title("MEMORY PER GPU", std::move(remark));
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::left});
  std::vector<Cell> head;
  for (const char* name : {"rank", "weights", "grad.", "optim.", "activ.", "other", "all"}) {
    head.emplace_back(name, Tone::dim);
  }
  table.add(std::move(head));
  for (const MemoryRow& row : rows) {
    std::vector<Cell> cells{cut(ranks_text(row.ranks), 14, style)};
    for (const auto& [name, bytes] : memory_kinds(row.memory)) cells.emplace_back(gib_text(bytes));
    const Bytes sum = all_bytes(row.memory);
    cells.emplace_back(gib_text(sum), Tone::strong);
    if (limit.value > 0) {
      cells.push_back(sum.value <= limit.value ? Cell("fits", Tone::good)
                                               : Cell("TOO BIG", Tone::bad));
    }
    table.add(std::move(cells));
  }
  const int width = page.bar_width(table, 40) - 1;
  if (width > 0) {
    std::vector<Cell> bars{Cell()};
    for (const MemoryRow& row : rows) {
      bars.push_back(memory_bar(row.memory, limit, scale, width, style));
    }
    table.add_column(Align::left, bars);
  }
  page.table(table);
}

}  // namespace reckon
