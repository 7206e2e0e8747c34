"""Words that both sides of a message use."""

from enum import StrEnum


class Engine(StrEnum):
    """Workflow languages; which of them a runner takes is the runner's to say."""

    CWL = "cwl"
    SERIAL = "serial"
    SNAKEMAKE = "snakemake"
    YADAGE = "yadage"


class RunStatus(StrEnum):
    """Where a run stands. The words are REANA's, so that a run reads the same wherever it ran."""

    CREATED = "created"
    QUEUED = "queued"
    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"


class StepStatus(StrEnum):
    """Where a step stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


class JobStatus(StrEnum):
    """Where a job stands; the words are Provena's."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Category(StrEnum):
    """The three kinds of thing in PROV (PROV-DM §2.1)."""

    ENTITY = "ENTITY"
    ACTIVITY = "ACTIVITY"
    AGENT = "AGENT"


class Relation(StrEnum):
    """The relations of PROV-DM §5 that the graph knows; each points from the effect to its cause."""

    USED = "used"
    WAS_GENERATED_BY = "wasGeneratedBy"
    WAS_INVALIDATED_BY = "wasInvalidatedBy"
    WAS_STARTED_BY = "wasStartedBy"
    WAS_ENDED_BY = "wasEndedBy"
    WAS_INFORMED_BY = "wasInformedBy"
    WAS_DERIVED_FROM = "wasDerivedFrom"
    WAS_REVISION_OF = "wasRevisionOf"
    WAS_QUOTED_FROM = "wasQuotedFrom"
    HAD_PRIMARY_SOURCE = "hadPrimarySource"
    WAS_ATTRIBUTED_TO = "wasAttributedTo"
    WAS_ASSOCIATED_WITH = "wasAssociatedWith"
    ACTED_ON_BEHALF_OF = "actedOnBehalfOf"
    WAS_INFLUENCED_BY = "wasInfluencedBy"
    ALTERNATE_OF = "alternateOf"
    SPECIALIZATION_OF = "specializationOf"
    HAD_MEMBER = "hadMember"


class Subtype(StrEnum):
    """What a node is, more closely: parts of runs, and the registered kinds by Provena's names."""

    RUN = "WORKFLOW_RUN"
    STEP = "WORKFLOW_STEP"
    WORKFLOW = "WORKFLOW"
    PLAN = "PLAN"
    PARAMETER = "PARAMETER"
    FILE = "FILE"
    CONTENT = "CONTENT"
    RESOURCE = "WEB_RESOURCE"
    RESULTS = "RESULTS"
    STOP_REQUEST = "STOP_REQUEST"
    ACCOUNT = "ACCOUNT"
    TENANT = "TENANT"
    SOFTWARE = "SOFTWARE"
    ORGANISATION = "ORGANISATION"
    PERSON = "PERSON"
    STUDY = "STUDY"
    MODEL = "MODEL"
    WORKFLOW_TEMPLATE = "WORKFLOW_TEMPLATE"
    DATASET_TEMPLATE = "DATASET_TEMPLATE"
    DATASET = "DATASET"
    MODEL_RUN = "MODEL_RUN"
    CREATE = "CREATE"
    VERSION = "VERSION"


class Confinement(StrEnum):
    """How the commands of a run were kept apart from the machine."""

    CONTAINER = "container"
    ACCOUNT = "account"
    NONE = "none"
