// Every family's table; each is defined in the file of its name.
#pragma once

#include "sim/kernel_models/family_model.hpp"

namespace reckon {

const FamilyModel& gemm_family();
const FamilyModel& attention_family();
const FamilyModel& mla_family();
const FamilyModel& attention_decode_family();
const FamilyModel& mla_decode_family();
const FamilyModel& moe_family();
const FamilyModel& quantise_family();
const FamilyModel& collective_family();
const FamilyModel& expert_dispatch_family();
const FamilyModel& expert_combine_family();

}  // namespace reckon
