#include "sim/kernel_models/family_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "planner/spec/problems.hpp"
#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.12g", value);
  return text.data();
}

}  // namespace

const FamilyModel& family_model(ModelFamily family) {
  switch (family) {
    case ModelFamily::gemm:
      return gemm_family();
    case ModelFamily::attention:
      return attention_family();
    case ModelFamily::mla:
      return mla_family();
    case ModelFamily::attention_decode:
      return attention_decode_family();
    case ModelFamily::mla_decode:
      return mla_decode_family();
    case ModelFamily::moe:
      return moe_family();
    case ModelFamily::quantise:
      return quantise_family();
    case ModelFamily::collective:
      return collective_family();
    case ModelFamily::expert_dispatch:
      return expert_dispatch_family();
    case ModelFamily::expert_combine:
      return expert_combine_family();
  }
  return gemm_family();
}

std::optional<std::vector<double>> parameter_values(const FamilyModel& family,
                                                    const KernelModel& model) {
  std::vector<double> values;
  values.reserve(family.parameters.size());
  for (const ModelParameter& parameter : family.parameters) {
    const auto found = model.parameters.find(std::string(parameter.name));
    if (found == model.parameters.end()) return std::nullopt;
    values.push_back(found->second);
  }
  return values;
}

std::vector<ModelProblem> model_problems(const DeviceProfile& device) {
  std::vector<ModelProblem> problems;
  for (std::size_t i = 0; i < device.kernels.size(); ++i) {
    const KernelModel& model = device.kernels[i];
    const FamilyModel& family = family_model(model.family);
    const std::string at = "/kernels/" + std::to_string(i);
    if (find_model(device, model.family, model.variant) != &model) {
      problems.push_back({at, "the same family and variant as an earlier model"});
    }
    std::vector<std::string_view> names;
    for (const ModelParameter& parameter : family.parameters) {
      names.push_back(parameter.name);
      const auto found = model.parameters.find(std::string(parameter.name));
      if (found == model.parameters.end()) {
        problems.push_back({at + "/parameters", std::string(parameter.name) + " is missing"});
        continue;
      }
      // Parameters are kept with six digits.
      constexpr double slack = 1e-5;
      if (found->second >= parameter.low * (1 - slack) &&
          found->second <= parameter.high * (1 + slack)) {
        continue;
      }
      problems.push_back(
          {at + "/parameters/" + found->first, "is outside of " + number_text(parameter.low) +
                                                   " to " + number_text(parameter.high) + " (" +
                                                   std::string(parameter.meaning) + ")"});
    }
    for (const auto& [name, value] : model.parameters) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const auto near = closest(name, names);
      problems.push_back({at + "/parameters/" + name,
                          "unknown parameter" +
                              (near ? "; did you mean " + in_quotes(*near) + "?" : std::string())});
    }
  }
  return problems;
}

const KernelModel* find_model(const DeviceProfile& device, ModelFamily family,
                              std::string_view variant) {
  for (const KernelModel& model : device.kernels) {
    if (model.family == family && model.variant == variant) return &model;
  }
  return nullptr;
}

bool is_outside(const FamilyModel& family, const KernelModel& model, const KernelSizes& sizes) {
  for (std::size_t i = 0; i < family.sizes.size(); ++i) {
    const auto range = model.fitted.find(std::string(family.sizes[i].name));
    if (range == model.fitted.end()) continue;
    if (sizes[i] < range->second.least || sizes[i] > range->second.most) return true;
  }
  return false;
}

bool hash_holds_back(std::initializer_list<double> family) {
  std::string text;
  for (const double number : family) {
    if (!text.empty()) text += ',';
    text += std::to_string(static_cast<long long>(number));
  }
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : text) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 1099511628211ULL;
  }
  return (hash >> 32U) % 2 == 1;
}

bool octave_holds_back(double size) {
  return static_cast<long long>(std::floor(std::log2(std::max(1.0, size)))) % 2 == 1;
}

std::string shape_text(const FamilyModel& family, const KernelSizes& sizes) {
  std::string text;
  for (std::size_t i = 0; i < family.sizes.size(); ++i) {
    const SizeColumn& column = family.sizes[i];
    if (!text.empty()) text += ", ";
    if (!column.words.empty()) {
      text += column.words[static_cast<std::size_t>(sizes[i])];
      continue;
    }
    text += std::string(column.name) + " " + number_text(sizes[i]);
  }
  return text;
}

}  // namespace reckon
