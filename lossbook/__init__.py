"""Where the losses of machine learning come from, and how they behave.

What a family exports stands in its own `__all__`: a new loss needs no line here, only a new family does.
"""

from lossbook.losses.adversarial import *
from lossbook.losses.anchors import *
from lossbook.losses.boxes import *
from lossbook.losses.classification import *
from lossbook.losses.contrastive_candidates import *
from lossbook.losses.contrastive_pairs import *
from lossbook.losses.ctc import *
from lossbook.losses.denoising import *
from lossbook.losses.detectors import *
from lossbook.losses.focal import *
from lossbook.losses.information import *
from lossbook.losses.information_densities import *
from lossbook.losses.likelihood_bounded import *
from lossbook.losses.likelihood_discrete import *
from lossbook.losses.likelihood_real import *
from lossbook.losses.lovasz import *
from lossbook.losses.margins import *
from lossbook.losses.outline import *
from lossbook.losses.overlap import *
from lossbook.losses.preference import *
from lossbook.losses.ranking import *
from lossbook.losses.regression import *
from lossbook.losses.robust import *
from lossbook.losses.scores import *
from lossbook.losses.scoring import *
from lossbook.losses.sequences import *
from lossbook.losses.style import *
from lossbook.losses.transport import *
from lossbook.losses.variational import *
from lossbook.losses.yolo import *

__version__ = "0.1.0"
