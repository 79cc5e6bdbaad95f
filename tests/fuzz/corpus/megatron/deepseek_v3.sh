#!/bin/bash
# DeepSeek-V3 on 1024 GPUs, in the manner of Megatron-LM's example scripts.
export CUDA_DEVICE_MAX_CONNECTIONS=1
GPUS_PER_NODE=8
NNODES=${NNODES:-"128"}
TP=${TP:-2}
PP=8
EP=${EP:-64}
OUTPUT_PATH=${OUTPUT_PATH:-"/results"}
PROFILE=${PROFILE:-0}

DISTRIBUTED_ARGS=(
    --nproc_per_node $GPUS_PER_NODE
    --nnodes $NNODES
    --node_rank $NODE_RANK          # of the environment, and of no interest
    --master_addr ${MASTER_ADDR:-"localhost"}
)

MODEL_ARGS=(
    --use-mcore-models
    --num-layers 61
    --hidden-size 7168
    --ffn-hidden-size 18432
    --num-attention-heads 128
    --kv-channels 128
    --max-position-embeddings 4096
    --position-embedding-type rope
    --make-vocab-size-divisible-by 3232
    --vocab-size 129280
    --normalization RMSNorm
    --norm-epsilon 1e-6
    --swiglu
    --disable-bias-linear
    --untie-embeddings-and-output-weights
    --multi-latent-attention
    --qk-layernorm
    --q-lora-rank 1536
    --kv-lora-rank 512
    --qk-head-dim 128
    --qk-pos-emb-head-dim 64
    --v-head-dim 128
    --mtp-num-layers 1
    --num-experts 256
    --moe-layer-freq "([0]*3+[1]*58)"
    --moe-ffn-hidden-size 2048
    --moe-shared-expert-intermediate-size 2048
    --moe-token-dispatcher-type alltoall
    --moe-router-topk 8
    --moe-router-num-groups 8
    --moe-router-group-topk 4
    --moe-router-score-function sigmoid
    --moe-router-enable-expert-bias
    --moe-router-load-balancing-type seq_aux_loss
#    --moe-permute-fusion
)
PARALLEL_ARGS="--tensor-model-parallel-size $TP --pipeline-model-parallel-size ${PP} \
    --expert-model-parallel-size ${EP} --sequence-parallel --use-distributed-optimizer"

TRAINING_ARGS=(
    --micro-batch-size 1
    --global-batch-size=16384
    --seq-length 4096
    --train-samples 585937500
    --lr 3.9e-6
    --bf16
    --overlap-grad-reduce
    --overlap-param-gather
    --recompute-granularity selective
    --recompute-modules mla_up_proj layernorm
    --pipeline-model-parallel-layout 'Et*3|(tt|)*29m|L'
    --num-virtual-stages-per-pipeline-rank 4
)
TRAINING_ARGS+=(--save ${OUTPUT_PATH}/checkpoints)

if [ "${PROFILE}" = 1 ]; then
    TRAINING_ARGS+=(--profile --no-such-flag 1)
fi
if [ -n "${WANDB_API_KEY}" ]; then
    TRAINING_ARGS+=(--wandb-project reckon)
fi

torchrun ${DISTRIBUTED_ARGS[@]} pretrain_gpt.py \
    "${MODEL_ARGS[@]}" \
    ${PARALLEL_ARGS} \
    ${TRAINING_ARGS[@]} 2>&1 | tee ${OUTPUT_PATH}/train.log
