# SPDX-License-Identifier: Apache-2.0
foreach(part contact downlink flash numbers request robust settle)
	eese_unit_test(ue-${part} SOURCES ue_${part}.c ue_support.c LIBS eese-ue)
endforeach()
foreach(part contact downlink numbers request robust settle)
	eese_unit_test(ue-small-${part} SOURCES ue_${part}.c ue_support.c LIBS eese-ue-small)
	target_compile_definitions(unit-ue-small-${part} PRIVATE EESE_SMALL)
endforeach()
# The UE side of AKA; osmo-auc-gen is an AuC by others.
foreach(part aka usim)
	eese_unit_test(ue-${part} SOURCES ue_${part}.c aka_support.c core_support.c LIBS eese-ue)
endforeach()
find_program(OSMO_AUC_GEN osmo-auc-gen)
if(OSMO_AUC_GEN)
	eese_unit_test(ue-osmo SOURCES ue_osmo.c aka_support.c core_support.c osmo_support.c LIBS eese-ue)
	target_compile_definitions(unit-ue-osmo PRIVATE _GNU_SOURCE OSMO_AUC_GEN="${OSMO_AUC_GEN}")
endif()

eese_unit_test(tool-state
	SOURCES tool_state.c ue_support.c ${PROJECT_SOURCE_DIR}/ue/tool/state.c
	LIBS eese-ue eese-host)
target_include_directories(unit-tool-state PRIVATE ${PROJECT_SOURCE_DIR}/ue/tool)
target_compile_definitions(unit-tool-state PRIVATE _GNU_SOURCE)
foreach(call open fchmod write fsync close rename mkdir)
	target_link_options(unit-tool-state PRIVATE -Wl,--wrap=${call})
endforeach()
