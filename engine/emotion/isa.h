/*
 * The path of stage 6 is compiled once for every machine and, on x86-64, again for AVX2 and for
 * AVX-512: the same sources, other compiler flags, a suffix to the names listed here. Which of them
 * runs is decided once, by hy_score_path (emotion.h). All give the same bits: integers do not care
 * about the order of additions, floating point is done one by one in the order written and never
 * fused (-ffp-contract=off).
 */
#ifndef HY_EMOTION_ISA_H
#define HY_EMOTION_ISA_H

#if defined(HY_EMOTION_AVX512)
#define HY_ISA(name) name##_avx512
#elif defined(HY_EMOTION_AVX2)
#define HY_ISA(name) name##_avx2
#else
#define HY_ISA(name) name
#endif

#define hy_charmask_make HY_ISA(hy_charmask_make)
#define hy_tokenize HY_ISA(hy_tokenize)
#define hy_tokenize_mask HY_ISA(hy_tokenize_mask)
#define hy_tokenize_may_find_pictures HY_ISA(hy_tokenize_may_find_pictures)
#define hy_odd_run_take HY_ISA(hy_odd_run_take)
#define hy_token_spell HY_ISA(hy_token_spell)
#define hy_token_hash HY_ISA(hy_token_hash)
#define hy_cues_mark HY_ISA(hy_cues_mark)
#define hy_cue_phrase_hash HY_ISA(hy_cue_phrase_hash)
#define hy_feature_style HY_ISA(hy_feature_style)
#define hy_feature_last HY_ISA(hy_feature_last)
#define hy_feature_grams HY_ISA(hy_feature_grams)
#define hy_glance_first HY_ISA(hy_glance_first)
#define hy_glance_next HY_ISA(hy_glance_next)
#define hy_glance_count HY_ISA(hy_glance_count)
#define hy_layer_sum HY_ISA(hy_layer_sum)
#define hy_layer_second HY_ISA(hy_layer_second)
#define hy_layer_scores HY_ISA(hy_layer_scores)
#define hy_layer_best HY_ISA(hy_layer_best)
#define hy_score_path_here HY_ISA(hy_score_path_here)
#define hy_score_covers HY_ISA(hy_score_covers)
#define hy_valence_add HY_ISA(hy_valence_add)
#define hy_valence HY_ISA(hy_valence)
#define hy_valence_lean HY_ISA(hy_valence_lean)
#define hy_valence_words HY_ISA(hy_valence_words)
#define hy_intensity HY_ISA(hy_intensity)
#define hy_speech_closing HY_ISA(hy_speech_closing)
#define hy_speech_add HY_ISA(hy_speech_add)
#define hy_speech_end HY_ISA(hy_speech_end)
#define hy_speech_complaint_signs HY_ISA(hy_speech_complaint_signs)

#endif
