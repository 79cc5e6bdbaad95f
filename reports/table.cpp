#include "reports/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace reckon {
namespace {

constexpr std::string_view gap = "  ";

// The code point at text[at] and its length in bytes. Length 1 and U+FFFD for a byte that starts
// none.
struct CodePoint {
  std::uint32_t value = 0xfffd;
  std::size_t length = 1;
};

CodePoint code_point(std::string_view text, std::size_t at) {
  const auto byte = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return {};
  std::uint32_t value = first & (0x7fU >> length);
  for (std::size_t index = at + 1; index < at + length; ++index) {
    if ((byte(index) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(index) & 0x3fU);
  }
  return {value, length};
}

struct Range {
  std::uint32_t first, last;
};

// Unicode Standard Annex 11 (East Asian Width), classes W and F, in coarse blocks.
constexpr std::array<Range, 11> wide_ranges{{{0x1100, 0x115f},
                                             {0x2e80, 0x303e},
                                             {0x3041, 0xa4cf},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1f64f},
                                             {0x1f900, 0x1f9ff},
                                             {0x20000, 0x3fffd}}};
constexpr std::array<Range, 4> combining_ranges{
    {{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}}};

int width_of(std::uint32_t code_point) {
  const auto holds = [code_point](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  };
  if (std::any_of(combining_ranges.begin(), combining_ranges.end(), holds)) return 0;
  return std::any_of(wide_ranges.begin(), wide_ranges.end(), holds) ? 2 : 1;
}

int width_of(const Cell& cell) {
  int width = 0;
  for (const Run& run : cell.runs) width += display_width(run.text);
  return width;
}

std::string_view escape_code(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::strong:
      return "1";
    case Tone::dim:
      return "2";
    case Tone::good:
      return "32";
    case Tone::bad:
      return "31;1";
    case Tone::blue:
      return "34";
    case Tone::cyan:
      return "36";
    case Tone::magenta:
      return "35";
    case Tone::yellow:
      return "33";
  }
  return "";
}

std::string blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(0, count)), ' ');
}

}  // namespace

void Table::add_column(Align align, const std::vector<Cell>& cells) {
  for (std::size_t row = 0; row < rows_.size() && row < cells.size(); ++row) {
    rows_[row].resize(columns_.size());
    rows_[row].push_back(cells[row]);
  }
  columns_.push_back(align);
}

std::vector<int> Table::column_widths() const {
  std::vector<int> widths(columns_.size(), 0);
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t column = 0; column < std::min(row.size(), widths.size()); ++column) {
      widths[column] = std::max(widths[column], width_of(row[column]));
    }
  }
  return widths;
}

int Table::width() const {
  int width = 0;
  for (const int column : column_widths()) width += column + static_cast<int>(gap.size());
  return std::max(0, width - static_cast<int>(gap.size()));
}

std::vector<std::string> Table::lines(const TextStyle& style, int indent) const {
  const std::vector<int> widths = column_widths();
  std::vector<std::string> lines;
  for (const std::vector<Cell>& row : rows_) {
    std::string line = blanks(indent);
    std::string pending;  // blanks that are written only if text follows
    for (std::size_t column = 0; column < std::min(row.size(), widths.size()); ++column) {
      const int slack = widths[column] - width_of(row[column]);
      const bool is_right = columns_[column] == Align::right;
      if (is_right) pending += blanks(slack);
      if (width_of(row[column]) > 0) {
        line += pending;
        pending.clear();
        for (const Run& run : row[column].runs) line += painted(run, style);
      }
      if (!is_right) pending += blanks(slack);
      pending += gap;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = code_point(text, at);
    width += width_of(next.value);
    at += next.length;
  }
  return width;
}

std::string printable(std::string_view text, const TextStyle& style) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = code_point(text, at);
    const bool is_control = next.value < 0x20 || (next.value >= 0x7f && next.value < 0xa0);
    const bool is_broken = next.length == 1 && next.value > 0x7f;
    if (is_control || is_broken || (!style.unicode && next.value > 0x7f)) {
      safe += '?';
    } else {
      safe += text.substr(at, next.length);
    }
    at += next.length;
  }
  return safe;
}

std::string cut(std::string_view text, int width, const TextStyle& style) {
  if (display_width(text) <= width) return std::string(text);
  const std::string_view ellipsis = style.unicode ? "…" : "...";
  const int room = width - display_width(ellipsis);
  std::string kept;
  int used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = code_point(text, at);
    used += width_of(next.value);
    if (used > room) break;
    kept += text.substr(at, next.length);
    at += next.length;
  }
  while (!kept.empty() && kept.back() == ' ') kept.pop_back();
  return room > 0 ? kept.append(ellipsis) : kept;
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string bar(double share, int width, const TextStyle& style) {
  constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (width <= 0 || !(share > 0)) return {};
  const double columns = std::min(share, 1.0) * width;
  std::string text;
  if (!style.unicode) {
    const auto whole = static_cast<std::size_t>(std::lround(columns));
    return whole == 0 ? "." : std::string(whole, '#');
  }
  const auto parts = static_cast<std::size_t>(std::max(1L, std::lround(columns * 8)));
  for (std::size_t whole = 0; whole < parts / 8; ++whole) text += "█";
  return text.append(eighths[parts % 8]);
}

std::string painted(const Run& run, const TextStyle& style) {
  const std::string_view code = escape_code(run.tone);
  if (!style.colour || code.empty() || run.text.empty()) return run.text;
  return "\x1b[" + std::string(code) + "m" + run.text + "\x1b[0m";
}

}  // namespace reckon
