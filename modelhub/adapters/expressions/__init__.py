"""JMESPath, read by its library's parser, evaluated by functions of our own within bounds that nothing can exceed."""

from modelhub.adapters.expressions.bounds import ExpressionFault as ExpressionFault
from modelhub.adapters.expressions.bounds import is_true as is_true
from modelhub.adapters.expressions.expression import Expression as Expression
from modelhub.adapters.expressions.expression import compile_expression as compile_expression
from modelhub.adapters.expressions.expression import find_expression_fault as find_expression_fault
