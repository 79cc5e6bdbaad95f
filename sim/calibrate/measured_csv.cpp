#include "sim/calibrate/measured_csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "sim/kernel_models/family_model.hpp"

namespace reckon {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view line) {
  Words words;
  for (std::size_t comma = line.find(','); comma != std::string_view::npos;
       comma = line.find(',')) {
    words.push_back(line.substr(0, comma));
    line.remove_prefix(comma + 1);
  }
  words.push_back(line);
  return words;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

std::optional<std::size_t> column_of(const Words& header, std::string_view name) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (trimmed(header[i]) == name) return i;
  }
  return std::nullopt;
}

// Where a family's values stand in the columns of one file.
struct Columns {
  const FamilyModel* family = nullptr;
  std::optional<std::size_t> variant;
  std::vector<std::optional<std::size_t>> sizes;  // empty: the size has its default
  std::size_t time = 0;
};

std::optional<Columns> columns_of(const FamilyModel& family, const Words& header) {
  Columns columns{&family, std::nullopt, {}, 0};
  const auto time = column_of(header, family.time_column);
  if (!time) return std::nullopt;
  columns.time = *time;
  if (!family.variant_column.empty()) {
    columns.variant = column_of(header, family.variant_column);
    if (!columns.variant) return std::nullopt;
  }
  for (const SizeColumn& size : family.sizes) {
    const auto column = column_of(header, size.name);
    if (!column && size.otherwise < 0) return std::nullopt;
    columns.sizes.push_back(column);
  }
  return columns;
}

// The families whose columns are all there; of those with the same time only the one that explains
// most columns (m, k are sizes of a GEMM before they are those of a cast).
std::vector<Columns> families_of(const Words& header) {
  std::vector<Columns> found;
  for (const auto& [family, name] : EnumNames<ModelFamily>::table) {
    std::optional<Columns> columns = columns_of(family_model(family), header);
    if (!columns) continue;
    bool is_kept = true;
    for (Columns& other : found) {
      if (other.time != columns->time) continue;
      is_kept = false;
      if (other.sizes.size() < columns->sizes.size()) other = *columns;
    }
    if (is_kept) found.push_back(std::move(*columns));
  }
  return found;
}

std::optional<double> number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<double> size_value(const SizeColumn& column, std::string_view word) {
  if (column.words.empty()) return number(word);
  for (std::size_t i = 0; i < column.words.size(); ++i) {
    if (column.words[i] == variant_name(word)) return static_cast<double>(i);
  }
  return std::nullopt;
}

void add_problem(MeasuredKernels& measured, int file, int line, std::string message) {
  measured.rows_left_out += line > 1 ? 1 : 0;
  measured.problems.push_back(
      {measured.files[static_cast<std::size_t>(file)], line, 0, "", std::move(message)});
}

void add_row(const Columns& columns, const Words& words, int file, int line, const GpuSpec& gpu,
             MeasuredKernels& measured) {
  MeasuredKernel kernel;
  kernel.family = columns.family->family;
  kernel.file = file;
  kernel.line = line;
  if (columns.variant) kernel.variant = variant_name(trimmed(words[*columns.variant]));
  for (std::size_t i = 0; i < columns.sizes.size(); ++i) {
    kernel.sizes[i] = columns.family->sizes[i].otherwise;
    if (!columns.sizes[i]) continue;
    const std::string_view word = trimmed(words[*columns.sizes[i]]);
    const auto value = size_value(columns.family->sizes[i], word);
    if (!value) {
      return add_problem(measured, file, line,
                         std::string(columns.family->sizes[i].name) + " " + in_quotes(word) +
                             " cannot be read; left out");
    }
    kernel.sizes[i] = *value;
  }
  const std::string_view time = trimmed(words[columns.time]);
  const auto microseconds = number(time);
  if (!microseconds) {
    return add_problem(measured, file, line,
                       std::string(columns.family->time_column) + " " + in_quotes(time) +
                           " is no number; left out");
  }
  kernel.time = {*microseconds * 1e-6};
  add_measured_kernel(std::move(kernel), gpu, measured);
}

std::string short_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

// Letters, digits and a few signs: what a table and a JSON file can hold.
bool is_variant(std::string_view variant) {
  return variant.size() <= 40 && std::all_of(variant.begin(), variant.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' ||
                  letter == '.';
         });
}

std::string known_headers() {
  std::string text;
  for (const auto& [family, name] : EnumNames<ModelFamily>::table) {
    const FamilyModel& model = family_model(family);
    text += "\n  " + std::string(name) + ": ";
    if (!model.variant_column.empty()) text += std::string(model.variant_column) + ",";
    for (const SizeColumn& size : model.sizes) {
      if (size.otherwise < 0) text += std::string(size.name) + ",";
    }
    text += model.time_column;
  }
  return text;
}

}  // namespace

std::string_view variant_name(std::string_view word) {
  if (word == "bfloat16" || word == "float16" || word == "half") return "bf16";
  if (word == "float8" || word == "fp8_e4m3") return "fp8";
  return word;
}

void add_measured_kernel(MeasuredKernel kernel, const GpuSpec& gpu, MeasuredKernels& measured) {
  const FamilyModel& family = family_model(kernel.family);
  const auto refuse = [&](const std::string& message) {
    ++measured.rows_left_out;
    measured.problems.push_back(
        {measured.files[static_cast<std::size_t>(kernel.file)], kernel.line, 0, kernel.pointer,
         message + " (" + shape_text(family, kernel.sizes) + "); left out"});
  };
  constexpr double most_seconds = 3600;  // of one kernel
  if (!(kernel.time.value > 0) || kernel.time.value > most_seconds) {
    return refuse("a time must be above zero and within an hour");
  }
  if (!is_variant(kernel.variant)) return refuse("a dtype or operation is no plain word");
  for (std::size_t i = 0; i < family.sizes.size(); ++i) {
    const SizeColumn& column = family.sizes[i];
    const double size = kernel.sizes[i];
    const bool is_word = !column.words.empty();
    if (!is_word && (!(size >= column.least && size <= column.most) || size != std::floor(size))) {
      return refuse(std::string(column.name) + " is no whole number from " +
                    short_text(column.least) + " to " + short_text(column.most));
    }
  }
  const std::string_view misfit = family.misfit ? family.misfit(kernel.sizes) : "";
  if (!misfit.empty()) return refuse(std::string(misfit));
  // Chips boost above the clock of the data sheet's peak, and small operands stay in the L2 cache.
  constexpr double most_boost = 1.15;
  constexpr double most_cache = 5;
  const LeastWork least = family.least({&gpu, kernel.variant}, kernel.sizes);
  const double flops_per_s = least.flops / kernel.time.value;
  if (flops_per_s > most_boost * least.peak_flops_per_s) {
    return refuse("comes to " + short_text(flops_per_s / 1e12) +
                  " TFLOPS where the GPU's peak is " + short_text(least.peak_flops_per_s / 1e12) +
                  "; is the time in microseconds");
  }
  const double bytes_per_s = least.bytes / kernel.time.value;
  if (bytes_per_s > most_cache * least.bytes_per_s) {
    return refuse("comes to " + short_text(bytes_per_s / 1e9) + " GB/s where the GPU has " +
                  short_text(least.bytes_per_s / 1e9) + "; is the time in microseconds");
  }
  measured.rows.push_back(std::move(kernel));
}

void add_measured_csv(std::string_view text, const std::string& file, const GpuSpec& gpu,
                      MeasuredKernels& measured) {
  const int index = static_cast<int>(measured.files.size());
  measured.files.push_back(file);
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark) {
    text.remove_prefix(byte_order_mark.size());
  }
  int line_number = 0;
  Words header;
  std::vector<Columns> families;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    const Words words = split(line);
    if (families.empty()) {
      header = words;
      families = families_of(header);
      if (families.empty()) {
        return add_problem(
            measured, index, line_number,
            "these columns are of no kernel family; expected one of:" + known_headers());
      }
      continue;
    }
    if (words.size() != header.size()) {
      add_problem(measured, index, line_number,
                  "has " + std::to_string(words.size()) + " columns, the header " +
                      std::to_string(header.size()) + "; left out");
      continue;
    }
    for (const Columns& columns : families) {
      add_row(columns, words, index, line_number, gpu, measured);
    }
  }
  if (families.empty()) add_problem(measured, index, 0, "holds no header line");
}

}  // namespace reckon
